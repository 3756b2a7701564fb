#include "base/step_times.h"

#include <gmock/gmock.h>
#include <sys/wait.h>
#include <unistd.h>

namespace berth {
namespace {

// In a process of its own: there is no end to it but the process'.
template <class Check>
int in_child(const Check& check) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(check() ? 0 : 1);
  int status = -1;
  ::waitpid(pid, &status, 0);
  return status;
}

TEST(StepTimes, AreNoneWhereNobodyAsked) {
  step_done("lost");
  EXPECT_TRUE(step_times().empty());
}

TEST(StepTimes, AreThoseOfAChildToo) {
  EXPECT_EQ(in_child([] {
              begin_step_times();
              step_done("one");
              in_child([] {
                ::usleep(2000);
                step_done("two");
                return true;
              });
              step_done("three");
              const auto steps = step_times();
              return steps.size() == 3 && steps[0].name == std::string("one") && !steps[0].child &&
                     steps[1].name == std::string("two") && steps[1].child &&
                     steps[1].microseconds >= steps[0].microseconds + 2000 &&
                     steps[2].name == std::string("three") &&
                     steps[2].microseconds >= steps[1].microseconds;
            }),
            0);
}

TEST(StepTimes, MoreThanThereIsRoomForAreLost) {
  EXPECT_EQ(in_child([] {
              begin_step_times();
              for (int i = 0; i < 1000; ++i) step_done("again");
              return step_times().size() == 100;
            }),
            0);
}

TEST(StepTimes, AreSinceAMomentOfAnotherProcessAndToldAtTheLastStep) {
  static bool told = false;
  EXPECT_EQ(in_child([] {
              begin_step_times(monotonic_nanoseconds() - 5'000'000);
              at_step("last", [] { told = true; });
              step_done("first");
              const bool early = told;
              step_done("last");
              const std::string lines = step_time_lines();
              return !early && told && step_times()[0].microseconds >= 5000 &&
                     lines.find("first\nberth: ") != std::string::npos && lines.ends_with("last\n");
            }),
            0);
}

}  // namespace
}  // namespace berth
