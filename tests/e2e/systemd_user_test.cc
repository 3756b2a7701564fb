// --systemd-cgroup for a user who has a systemd of his own.
#include <gmock/gmock.h>

#include "tests/e2e/systemd_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

// A user whose session is not below his own systemd, as `ssh` makes it.
class SystemdOfAUser : public Systemd {
 protected:
  static constexpr const char* kUser = "1000";

  void SetUp() override {
    Systemd::SetUp();
    if (IsSkipped()) return;
    // A host's sessions are not a test's to start and stop, those of tests/vm are.
    if (!std::filesystem::exists("/run/systemd/system/vm.target")) {
      GTEST_SKIP() << "no systemd of the test's own: vm.target: " << errno_text(ENOENT);
    }
    ASSERT_EQ(run({"systemctl", "start", std::string("user@") + kUser}).status, 0);
    std::filesystem::permissions(folder_.path(), std::filesystem::perms(01777));
    script("exec sleep 600");
    configure([](json& config) {
      json& linux = config["linux"];
      json kept = {{{"type", "user"}}};
      for (const json& ns : linux["namespaces"]) {
        if (ns["type"] != "network") kept.push_back(ns);  // without one there is no sysfs to mount
      }
      linux["namespaces"] = kept;
      for (const char* ids : {"uidMappings", "gidMappings"}) {
        linux[ids] = {{{"containerID", 0}, {"hostID", 1000}, {"size", 1}}};
      }
      linux["resources"] = json::object();
      json mounts = json::array();
      for (json mount : config["mounts"]) {
        if (mount["destination"] == "/sys") {
          mount = {{"destination", "/sys"},
                   {"type", "none"},
                   {"source", "/sys"},
                   {"options", {"rbind", "ro"}}};
        }
        if (mount["destination"] == "/dev/pts") mount["options"] = {"newinstance"};
        mounts.push_back(mount);
      }
      config["mounts"] = mounts;
    });
  }
  void TearDown() override {
    if (IsSkipped()) return;
    (void)as_user({"delete", "--force", container_});
    EXPECT_EQ(run({"systemctl", "stop", std::string("user@") + kUser}).status, 0);
  }
  Ran as_user(const std::vector<std::string>& words) const {
    std::vector<std::string> all = {"setpriv",
                                    "--reuid",
                                    kUser,
                                    "--regid",
                                    kUser,
                                    "--clear-groups",
                                    "env",
                                    "-u",
                                    "DBUS_SESSION_BUS_ADDRESS",
                                    "XDG_RUNTIME_DIR=/run/user/1000",
                                    kBerth,
                                    "--root",
                                    folder_.path() + "/of_user"};
    all.insert(all.end(), words.begin(), words.end());
    return run(all);
  }

  const std::string container_ = id();
};

TEST_F(SystemdOfAUser, ExecGetsIntoTheScope) {
  const Ran made = as_user({"--systemd-cgroup", "run", "-d", "-b", bundle(), container_});
  ASSERT_EQ(made.status, 0) << made;
  const auto told = json::parse(as_user({"state", container_}).out);
  const std::string group = cgroup_of(told.at("pid").get<int>());
  EXPECT_THAT(group, HasSubstr("/user@1000.service/"));
  EXPECT_THAT(group, HasSubstr("berth-" + container_ + ".scope"));
  const Ran inside = as_user({"--debug", "exec", container_, "cat", "/proc/self/cgroup"});
  EXPECT_EQ(inside.out, "0::/\n") << inside;
  const std::string begins = "exec 'cat' in container";
  EXPECT_THAT(inside.err, HasSubstr(begins));
  EXPECT_EQ(inside.err.find(begins), inside.err.rfind(begins)) << "it begins once: " << inside;

  // A group below it that is named; and the first process' where the scope takes none any more.
  const std::string top = "/sys/fs/cgroup" + group;
  ASSERT_TRUE(std::filesystem::create_directory(top + "/below"));
  check(::chown((top + "/below/cgroup.procs").c_str(), 1000, 1000), "chown", top);
  const Ran below = as_user({"exec", "--cgroup", "below", container_, "cat", "/proc/self/cgroup"});
  EXPECT_EQ(below.out, "0::/below\n") << below;
  write_file(AT_FDCWD, top + "/below/cgroup.procs", std::to_string(told.at("pid").get<int>()));
  write_file(AT_FDCWD, top + "/cgroup.subtree_control", "+pids");
  const Ran beside = as_user({"exec", container_, "cat", "/proc/self/cgroup"});
  EXPECT_EQ(beside.out, "0::/below\n") << beside;
}

}  // namespace
}  // namespace berth::test
