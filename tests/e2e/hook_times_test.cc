// What of a step's time is berth's, where the administrator asks for it: the plugin's hooks in
// slurmd's log, the launcher's steps on the task's standard error.
#include <unistd.h>

#include "tests/e2e/berth_slurm.h"

namespace berth::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class HookTimes : public BerthSlurm {
 protected:
  static void SetUpTestSuite() { start_with({"--plugin-argument", "trace_time"}); }
};

TEST_F(HookTimes, AreInSlurmdsLogAndTheLaunchersAreTold) {
  ASSERT_EQ(srun({"-n1", "true"}).status, 0);
  EXPECT_THAT(slurm().log("slurmd"), Not(HasSubstr("berth: time: task_"))) << "nothing was asked";
  const Ran ran = contained({"-n2", "--overcommit"}, {"sh", "-c", "env; exit 3"});
  EXPECT_EQ(ran.status, 3) << ran;
  EXPECT_THAT(ran.out, Not(HasSubstr("SLURM_BERTH_")));
  EXPECT_THAT(ran.err, ContainsRegex("berth: +[0-9]+ us +[+][0-9]+ +launcher started"));
  EXPECT_THAT(ran.err, ContainsRegex("berth: +[0-9]+ us +[+][0-9]+ +program executed next"));
  // The step's end is slurmstepd's, which srun does not wait for.
  std::string log;
  for (int i = 0; i < 600 && log.find("berth: time: exit: ") == std::string::npos; ++i) {
    ::usleep(50'000);
    log = slurm().log("slurmd");
  }
  for (const char* hook : {"init_post_opt", "user_init", "task_post_fork of task 0",
                           "task_post_fork of task 1", "task_init of task 0", "task_init of task 1",
                           "task_exit of task 0", "task_exit of task 1", "exit"}) {
    EXPECT_THAT(log, ContainsRegex("berth: time: " + std::string(hook) + ": [0-9]+ us\n"));
  }
}

// More descriptors than slurmstepd's table has at first.
TEST_F(HookTimes, AreOfEachOfManyTasks) {
  const Ran ran = contained({"-n40", "--overcommit"}, {"true"});
  EXPECT_EQ(ran.status, 0) << ran;
  for (const int task : {2, 20, 39}) {
    EXPECT_THAT(slurm().log("slurmd"),
                HasSubstr("berth: time: task_init of task " + std::to_string(task) + ": "));
  }
}

}  // namespace
}  // namespace berth::test
