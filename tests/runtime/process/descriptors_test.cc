#include "runtime/process/descriptors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/runtime/process/in_child.h"
#include "tests/support/message_of.h"

namespace berth::runtime {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

const std::vector<int> kOpen{0, 1, 2, 3, 4, 5, 11};

std::string refusal(const std::vector<std::string>& env) {
  try {
    (void)FdPolicy::from_environment(env, kOpen);
  } catch (const Error& e) {
    return e.what();
  }
  return "none";
}

TEST(FdPolicy, KeepsWhatTheEnvironmentNames) {
  EXPECT_THAT(FdPolicy::from_environment({"HOME=/"}, kOpen).keep, IsEmpty());
  EXPECT_THAT(FdPolicy::from_environment({"PMI_FD=11"}, kOpen).keep, ElementsAre(11));
  const std::string pid = "LISTEN_PID=" + std::to_string(::getpid());
  EXPECT_THAT(FdPolicy::from_environment({pid, "LISTEN_FDS=2"}, kOpen).keep, ElementsAre(3, 4));
  EXPECT_THAT(FdPolicy::from_environment({pid, "LISTEN_FDS=2", "PMI_FD=4"}, kOpen).keep,
              ElementsAre(4, 3));
}

TEST(FdPolicy, OfARuntimeTakesSocketsAndThenWhatIsOpenOfThePreserved) {
  EXPECT_THAT(FdPolicy::of_runtime(0, 0, kOpen).keep, IsEmpty());
  EXPECT_THAT(FdPolicy::of_runtime(2, 0, kOpen).keep, ElementsAre(3, 4));
  EXPECT_THAT(FdPolicy::of_runtime(1, 1, kOpen).keep, ElementsAre(3, 4));
  EXPECT_THAT(FdPolicy::of_runtime(1, 9, kOpen).keep, ElementsAre(3, 4, 5, 11));
  EXPECT_THAT(FdPolicy::of_runtime(0, ~0U, kOpen).keep, ElementsAre(3, 4, 5, 11));
  EXPECT_EQ(test::message_of([] { (void)FdPolicy::of_runtime(4, 0, kOpen); }),
            "LISTEN_FDS: descriptor '6' was not open when this program started");
}

TEST(PassedSockets, AreThisProcessAlone) {
  const auto passed = [](const std::string& pid, const char* count) {
    return test::in_child([&] {
      ::setenv("LISTEN_PID", pid == "own" ? std::to_string(::getpid()).c_str() : pid.c_str(), 1);
      ::setenv("LISTEN_FDS", count, 1);
      return std::to_string(passed_sockets());
    });
  };
  EXPECT_EQ(passed("own", "3"), "3");
  EXPECT_EQ(passed("1", "3"), "0");
  EXPECT_THAT(passed("own", "x"), ::testing::HasSubstr("LISTEN_FDS: 'x' is not a number"));
}

TEST(PassedSockets, AreToldOfOnce) {
  std::vector<std::string> env{"LISTEN_FDS=7", "A=1"};
  announce_sockets(2, env);
  EXPECT_THAT(env, ElementsAre("A=1", "LISTEN_FDS=2", "LISTEN_PID=" + std::to_string(::getpid())));
}

TEST(FdPolicy, IgnoresSocketsMeantForAnotherProcess) {
  EXPECT_THAT(FdPolicy::from_environment({"LISTEN_PID=1", "LISTEN_FDS=2"}, kOpen).keep, IsEmpty());
}

TEST(FdPolicy, RefusesWhatWasNotOpenAtTheStart) {
  EXPECT_EQ(refusal({"PMI_FD=7"}), "PMI_FD: descriptor '7' was not open when this program started");
  EXPECT_EQ(refusal({"PMI_FD=11x"}), "PMI_FD: '11x' is not a number");
  EXPECT_EQ(refusal({"PMI_FD=-1"}), "PMI_FD: '-1' is not a number");
}

TEST(FdPolicy, ClosesAllButTheKeptAtExecve) {
  const std::string flags = test::in_child([] {
    const UniqueFd kept = duplicate(0);
    const int leaked = ::dup(0);  // inheritable until the policy is enforced
    FdPolicy{{kept.get()}}.enforce();
    return std::to_string(::fcntl(kept.get(), F_GETFD)) + std::to_string(::fcntl(leaked, F_GETFD)) +
           std::to_string(::fcntl(0, F_GETFD));
  });
  EXPECT_EQ(flags, "010");
}

TEST(FdPolicy, SaysWhichKeptDescriptorIsNotThere) {
  EXPECT_THAT(test::in_child([] {
                FdPolicy{{999}}.enforce();
                return std::string("kept");
              }),
              ::testing::HasSubstr("'999'"));
}

TEST(OpenDescriptors, ListsThoseOfThisProcessAlone) {
  const UniqueFd fd = duplicate(0);
  const std::vector<int> open = open_descriptors();
  EXPECT_THAT(open, Contains(fd.get()));
  EXPECT_THAT(open, Contains(0));
  const UniqueFd next = duplicate(0);  // the number that the listing used
  EXPECT_THAT(open, Not(Contains(next.get())));
}

}  // namespace
}  // namespace berth::runtime
