// Who makes a container's cgroup: what of it shows on any host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/e2e/runtime_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CgroupManager : public RuntimeFixture {
 protected:
  void refused(const std::vector<std::string>& options, const std::string& line) {
    const std::string container = id();
    std::vector<std::string> words = options;
    words.insert(words.end(), {"create", "-b", bundle(), container});
    const Ran ran = berth(words);
    EXPECT_EQ(ran.status, 1) << ran;
    EXPECT_EQ(ran.err, "berth: " + line + "\n");
    EXPECT_THAT(remains(container), IsEmpty());
  }
};

TEST_F(CgroupManager, DisabledMakesNone) {
  configure([](json& config) {
    config["linux"]["resources"]["pids"] = {{"limit", 5}};
    std::erase_if(config["linux"]["namespaces"].get_ref<json::array_t&>(),
                  [](const json& space) { return space.at("type") == "cgroup"; });
  });
  script("cat /proc/self/cgroup");
  const std::string container = id();
  const Ran ran = berth({"--cgroup-manager", "disabled", "run", "-b", bundle(), container});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(ran.out, read_file(AT_FDCWD, "/proc/self/cgroup"));
  EXPECT_THAT(ran.err, HasSubstr("config.json: linux.resources: left out: --cgroup-manager "
                                 "disabled makes no cgroup"));
}

TEST_F(CgroupManager, DisabledContainersHaveTheVerbsThatTakeNone) {
  script("sleep 1000");
  const std::string container = id();
  ASSERT_EQ(berth({"--cgroup-manager=disabled", "run", "-d", "-b", bundle(), container}).status, 0);
  EXPECT_EQ(berth({"exec", container, "true"}).status, 0);
  EXPECT_EQ(berth({"pause", container}).status, 1);
  EXPECT_EQ(berth({"kill", container, "KILL"}).status, 0);
  EXPECT_EQ(await(container, "stopped"), "stopped");
  EXPECT_EQ(berth({"delete", container}).status, 0);
}

TEST_F(CgroupManager, TheLastOneGivenCounts) {
  script("true");
  const Ran ran =
      berth({"--systemd-cgroup", "--cgroup-manager", "cgroupfs", "run", "-b", bundle(), id()});
  EXPECT_EQ(ran.status, 0) << ran;
}

TEST_F(CgroupManager, AnotherWordIsRefused) {
  const Ran ran = berth({"--cgroup-manager", "magic", "list"});
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_THAT(ran.err, HasSubstr("--cgroup-manager"));
  EXPECT_EQ(std::ranges::count(ran.err, '\n'), 1) << ran.err;
}

TEST_F(CgroupManager, SystemdWantsSystemd) {
  if (std::filesystem::exists("/run/systemd/system")) GTEST_SKIP() << "systemd is process 1";
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"--systemd-cgroup"}, {"--cgroup-manager", "systemd"}}) {
    refused(options,
            "the systemd cgroup driver is asked for, and systemd does not run this host (there is "
            "no /run/systemd/system)");
  }
}

TEST_F(CgroupManager, SystemdWantsATriple) {
  configure([](json& config) { config["linux"]["cgroupsPath"] = "/berth/x"; });
  refused({"--systemd-cgroup"},
          "config.json: linux.cgroupsPath: '/berth/x': systemd wants SLICE:PREFIX:NAME, as in "
          "'system.slice:berth:web'");
}

TEST_F(CgroupManager, SystemdWantsValues) {
  configure([](json& config) {
    config["annotations"] = {{"org.systemd.property.CollectMode", "inactive"}};
  });
  refused({"--systemd-cgroup"},
          "config.json: annotations.org.systemd.property.CollectMode: 'inactive': 'inactive' is "
          "neither a value nor a type: a text is in quotes");
}

}  // namespace
}  // namespace berth::test
