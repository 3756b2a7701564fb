// Which CPUs a container's processes have, and how they are scheduled.
#include <fcntl.h>
#include <gmock/gmock.h>

#include "base/file.h"
#include "tests/e2e/runtime_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

class Cpus : public RuntimeFixture {
 protected:
  void SetUp() override {
    RuntimeFixture::SetUp();
    if (IsSkipped()) return;
    if (run({"taskset", "-c", "0,1", "true"}).status != 0) GTEST_SKIP() << "takes CPUs 0 and 1";
    script("grep Cpus_allowed_list /proc/self/status | cut -f2");
  }
  // berth begun on CPU 0 alone.
  Ran on_first(std::vector<std::string> words, const RunOptions& options = {}) const {
    words.insert(words.begin(), {"taskset", "-c", "0", kBerth, "--root", root()});
    return run(words, options);
  }
  void set_cpus(const std::string& cpus) {
    configure([&](json& c) { c["linux"]["resources"]["cpu"] = {{"cpus", cpus}, {"mems", "0"}}; });
  }
};

TEST_F(Cpus, AreAllOfTheCpuset) {
  const Ran all = on_first({"run", "-b", bundle(), id("a")});
  EXPECT_EQ(all.status, 0) << all;
  EXPECT_NE(all.out, "0\n");
  set_cpus("0-1");
  EXPECT_EQ(on_first({"run", "-b", bundle(), id("b")}).out, "0-1\n");
  set_cpus("1");
  EXPECT_EQ(on_first({"run", "-b", bundle(), id("c")}).out, "1\n");
}

TEST_F(Cpus, OfOneMoreProcessAreAllOfTheCpuset) {
  set_cpus("0-1");
  script("exec sleep 300");
  const std::string c = id();
  ASSERT_EQ(run({"sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh", kBerth, "--root", root(), "run",
                 "-d", "-b", bundle(), c})
                .status,
            0);
  const Ran ran = on_first({"exec", c, "grep", "Cpus_allowed_list", "/proc/self/status"});
  EXPECT_EQ(ran.out, "Cpus_allowed_list:\t0-1\n") << ran;
}

TEST_F(Cpus, OfAJobAreTheJobs) {
  const RunOptions job{.more = {{"SLURM_JOB_ID", "7"}}};
  EXPECT_EQ(on_first({"run", "-b", bundle(), id()}, job).out, "0\n");
  configure([](json& config) { config["process"]["env"].push_back("SLURM_JOB_ID=7"); });
  EXPECT_EQ(on_first({"run", "-b", bundle(), id("b")}).out, "0\n") << "by slurmstepd's runtime";
}

class RealTime : public RuntimeFixture {
 protected:
  void SetUp() override {
    RuntimeFixture::SetUp();
    if (IsSkipped()) return;
    if (!std::filesystem::exists("/sys/fs/cgroup/cpu/cpu.rt_runtime_us")) {
      GTEST_SKIP() << "takes v1's cpu.rt_runtime_us: " << errno_text(ENOENT);
    }
    if (run({"chrt", "-f", "1", "true"}).status != 0) {
      GTEST_SKIP() << "takes the right to real time: " << errno_text(EPERM);
    }
    configure([](json& config) {
      config["process"]["scheduler"] = {{"policy", "SCHED_FIFO"}, {"priority", 1}};
    });
    script("cut -d' ' -f41 /proc/self/stat; exec cat /sys/fs/cgroup/cpu/cpu.rt_runtime_us");
  }
};

TEST_F(RealTime, IsThatOfTheConfigurationWhateverTheGroupsAboveHad) {
  configure([](json& config) {
    config["linux"]["resources"]["cpu"]["realtimeRuntime"] = 5000;
    config["linux"]["namespaces"].push_back({{"type", "cgroup"}});
  });
  for (const char* name : {"a", "b"}) {
    const Ran ran = berth({"run", "--keep", "-b", bundle(), id(name)});
    EXPECT_EQ(ran.out, "1\n5000\n") << ran;
  }
}

TEST_F(RealTime, GoesWithTheContainer) {
  const std::string above = "rt" + folder_.name();
  const auto in_it = [&](const char* name, int runtime) {
    const std::string c = id(name);
    configure([&](json& config) {
      config["linux"]["cgroupsPath"] = above + "/" + c;
      config["linux"]["resources"]["cpu"]["realtimeRuntime"] = runtime;
    });
    return c;
  };
  configure([](json& config) { config["process"].erase("scheduler"); });
  script("exec sleep 300");
  const Ran stays = berth({"run", "--detach", "-b", bundle(), in_it("a", 2000)});
  ASSERT_EQ(stays.status, 0) << stays;
  const std::string gone = in_it("b", 3000);
  const Ran goes = berth({"run", "--detach", "-b", bundle(), gone});
  ASSERT_EQ(goes.status, 0) << goes;
  const std::string budget = "/sys/fs/cgroup/cpu/berth/" + above + "/cpu.rt_runtime_us";
  EXPECT_EQ(read_file(AT_FDCWD, budget), "5000\n");
  const Ran removed = berth({"--debug", "delete", "--force", gone});
  EXPECT_EQ(read_file(AT_FDCWD, budget), "2000\n") << removed;
}

TEST_F(RealTime, WithoutABudgetIsAnErrorThatNamesIt) {
  const Ran ran = berth({"run", "-b", bundle(), id()});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("set process.scheduler 'SCHED_FIFO': operation not permitted (it "
                                 "takes CAP_SYS_NICE, and on cgroup v1 "
                                 "linux.resources.cpu.realtimeRuntime)"));
}

TEST_F(RealTime, MoreThanThereIsIsAnErrorThatNamesTheGroup) {
  configure([](json& config) { config["linux"]["resources"]["cpu"]["realtimeRuntime"] = 999000; });
  const Ran ran = berth({"run", "-b", bundle(), id()});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("give cgroup 'berth'"));
  EXPECT_THAT(ran.err, HasSubstr("the group above it has not as much to give"));
}

}  // namespace
}  // namespace berth::test
