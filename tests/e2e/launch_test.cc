// `berth launch` without Slurm: tasks, labels, signals, statuses, limits; as root and as a user.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/support/made_bundle.h"
#include "tests/support/shell.h"

namespace berth::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const std::string kBerth = BERTH_BINARY_DIR "/berth";

class LaunchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  }
  static std::vector<std::string> words(std::vector<std::string> options,
                                        const std::string& script) {
    static const MadeBundle bundle({});
    options.insert(options.begin(), {kBerth, "launch", "--bundle", bundle.path()});
    options.insert(options.end(), {"--", "sh", "-c", script});
    return options;
  }
  static Ran launch(const std::vector<std::string>& options, const std::string& script,
                    const RunOptions& run_options = {}) {
    return run(words(options, script), run_options);
  }
};

TEST_F(LaunchTest, EveryTaskKnowsItsNumberAndTheWorstStatusIsOurs) {
  const Ran ran =
      launch({"-n", "3"}, "echo $BERTH_TASK_ID of $BERTH_TASK_COUNT; exit $BERTH_TASK_ID");
  EXPECT_EQ(ran.status, 2) << ran;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("0 of 3\n"), HasSubstr("1 of 3\n"), HasSubstr("2 of 3\n")));
}

TEST_F(LaunchTest, ASignalsDeathIsWorseThanAStatus) {
  EXPECT_EQ(launch({"-n", "2"}, "test $BERTH_TASK_ID = 1 || kill -9 $$; exit 3").status, 137);
}

TEST_F(LaunchTest, LabelsEachLineAlsoOneWithoutAnEnd) {
  const Ran ran = launch({"-n", "2", "-l"}, "echo a; printf b; echo c >&2");
  EXPECT_EQ(ran.status, 0);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("0: a\n"), HasSubstr("0: b\n"), HasSubstr("1: a\n"),
                             HasSubstr("1: b\n")));
  EXPECT_THAT(ran.err, AllOf(HasSubstr("0: c\n"), HasSubstr("1: c\n")));
}

TEST_F(LaunchTest, SignalsReachEveryTask) {
  Running launched(words({"-n", "2"}, "trap 'exit 4' USR1; echo up; while :; do sleep 0.1; done"));
  for (int i = 0; i < 200 && launched.out_so_far() != "up\nup\n"; ++i) ::usleep(50'000);
  ASSERT_EQ(launched.out_so_far(), "up\nup\n");
  ::kill(launched.pid(), SIGUSR1);
  EXPECT_EQ(launched.wait().status, 4);
}

TEST_F(LaunchTest, OnlyTheFirstTaskReadsTheInput) {
  const Ran ran = launch({"-n", "2", "-l"}, "test $BERTH_TASK_ID = 1 || sleep 0.3; cat; echo end",
                         {.input = "word\n"});
  EXPECT_THAT(ran.out, AllOf(HasSubstr("0: word\n0: end\n"), HasSubstr("1: end\n"))) << ran;
}

TEST_F(LaunchTest, CoresAreThoseAsked) {
  EXPECT_EQ(launch({"--cores", "0"}, "nproc").out, "1\n");
  EXPECT_EQ(launch({"--cores", "0"}, "nproc", {.user = "nobody"}).out, "1\n") << "without cgroups";
}

TEST_F(LaunchTest, MemoryAndProcessesAreLimited) {
  const Ran pids = launch({"--pids", "1"}, "ls & wait");
  EXPECT_THAT(pids.err, HasSubstr("can't fork")) << pids;
  const Ran memory = launch({"--memory", "4MiB"}, "head -c 50000000 /dev/zero | tail");
  EXPECT_NE(memory.status, 0) << memory;
}

TEST_F(LaunchTest, AUserLaunchesToo) {
  const Ran ran = launch({"-n", "2", "-l"}, "id -u; fds=$(ls /proc/self/fd | wc -l); echo $fds",
                         {.user = "nobody"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("0: 0\n"), HasSubstr("1: 0\n"), HasSubstr("0: 4\n")));
}

TEST_F(LaunchTest, TheDescriptorThatPmiFdNamesIsPassedOn) {
  const MadeBundle bundle({});
  const std::string named =
      "sed -i 's|\"env\": \\[|&\"PMI_FD=7\",|' " + bundle.path() + "/config.json";
  ASSERT_EQ(run({"sh", "-c", named}).status, 0);
  const auto launch = [&](const std::string& descriptors) {
    return run({"sh", "-c",
                "exec \"$0\" launch --bundle " + bundle.path() +
                    " -- sh -c 'cat <&7; ls /proc/self/fd | wc -l' " + descriptors,
                kBerth});
  };
  const Ran ran = launch("7</proc/sys/kernel/ostype 8</dev/null");
  EXPECT_EQ(ran.out, "Linux\n5\n") << ran;
  EXPECT_THAT(launch("").err, HasSubstr("PMI_FD: descriptor '7' was not open")) << ran;
}

TEST_F(LaunchTest, AUserGetsNoCacheAndIsTold) {
  const Ran ran = launch({"--l3", "50%"}, "echo ran", {.user = "nobody"});
  EXPECT_EQ(ran.status, 125) << ran;
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("berth: --l3=50% needs root"));
}

}  // namespace
}  // namespace berth::test
