#include "launcher/claims.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace berth::launcher {
namespace {

using test::message_of;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ClaimsTest : public ::testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::string run_ = folder_.path() + "/run";
};

Holder dead_holder() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  // Another start time than the child's: what a recycled pid looks like.
  Holder holder{pid, 1};
  ::waitpid(pid, nullptr, 0);
  return holder;
}

TEST(Holder, ThisProcessLivesAndAnotherWithItsPidIsNotIt) {
  Holder self = Holder::self();
  EXPECT_GT(self.start_time, 0U);
  EXPECT_TRUE(self.alive());
  ++self.start_time;
  EXPECT_FALSE(self.alive());
}

TEST(Holder, AZombieIsDead) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::pause();
    ::_exit(0);
  }
  const Holder holder = Holder::of(pid);
  EXPECT_TRUE(holder.alive());
  ::kill(pid, SIGKILL);
  siginfo_t info;
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  EXPECT_FALSE(holder.alive());
  ::waitpid(pid, nullptr, 0);
}

TEST_F(ClaimsTest, LivesAsLongAsItsLastUse) {
  const Claims claims = Claims::open(run_);
  claims.add_use("job_1", {"0", Holder::self(), "0-1"});
  claims.add_use("job_1", {"1", Holder::self(), "2"});
  EXPECT_THAT(claims.all(), ElementsAre("job_1"));
  EXPECT_THAT(claims.alive(), ElementsAre("job_1"));
  EXPECT_FALSE(claims.drop_use("job_1", "0"));
  EXPECT_EQ(claims.uses("job_1"), (std::vector<Use>{{"1", Holder::self(), "2"}}));
  EXPECT_TRUE(claims.drop_use("job_1", "1"));
  EXPECT_THAT(claims.all(), IsEmpty());
  EXPECT_TRUE(claims.drop_use("job_1", "1")) << "a claim that is gone has no use left";
}

TEST_F(ClaimsTest, DeadHoldersDoNotKeepAClaim) {
  const Claims claims = Claims::open(run_);
  claims.add_use("job_1", {"dead", dead_holder(), "0"});
  claims.add_use("job_1", {"0", Holder::self(), "0"});
  claims.add_use("job_2", {"dead", dead_holder(), "0"});
  EXPECT_THAT(claims.alive(), ElementsAre("job_1"));
  EXPECT_THAT(claims.all(), ElementsAre("job_1", "job_2"));
  EXPECT_TRUE(claims.drop_use("job_1", "0"));
  claims.forget("job_2");
  EXPECT_THAT(claims.all(), IsEmpty());
}

TEST_F(ClaimsTest, NamesThatLeaveTheFolderAreRefused) {
  const Claims claims = Claims::open(run_);
  for (const std::string bad : {"", ".", "..", ".hidden", "../x", "a/b", "/a"}) {
    const std::string refused = "refuse claim name '" + bad + "'";
    EXPECT_EQ(message_of([&] { claims.add_use(bad, {"0", Holder::self(), ""}); }), refused);
    EXPECT_EQ(message_of([&] { claims.add_use("a", {bad, Holder::self(), ""}); }), refused);
    EXPECT_EQ(message_of([&] { claims.forget(bad); }), refused);
    EXPECT_EQ(message_of([&] { (void)claims.drop_use(bad, "0"); }), refused);
  }
  EXPECT_THAT(claims.all(), IsEmpty());
}

TEST_F(ClaimsTest, WhereNobodyEverClaimedThereIsNothingToOpen) {
  EXPECT_FALSE(Claims::open_if_exists(run_));
  EXPECT_FALSE(Claims::open_if_exists(folder_.path())) << "a folder of something else";
  (void)Claims::open(run_);
  EXPECT_TRUE(Claims::open_if_exists(run_));
}

TEST_F(ClaimsTest, TheLockKeepsOthersOut) {
  const Claims claims = Claims::open(run_);
  int to_child[2], from_child[2];
  ASSERT_EQ(::pipe(to_child), 0);
  ASSERT_EQ(::pipe(from_child), 0);
  const pid_t pid = ::fork();  // before the lock is taken: a child would share it
  if (pid == 0) {
    char go = 0;
    (void)!::read(to_child[0], &go, 1);
    const auto theirs = claims.lock();
    (void)!::write(from_child[1], "x", 1);
    ::_exit(0);
  }
  auto lock = std::make_unique<Claims::Lock>(claims.lock());
  ASSERT_EQ(::write(to_child[1], "g", 1), 1);
  pollfd answer{from_child[0], POLLIN, 0};
  EXPECT_EQ(::poll(&answer, 1, 100), 0) << "it got the lock that we hold";
  lock.reset();
  EXPECT_EQ(::poll(&answer, 1, 5000), 1) << "it did not get the lock that we gave back";
  ::waitpid(pid, nullptr, 0);
  for (const int fd : {to_child[0], to_child[1], from_child[0], from_child[1]}) ::close(fd);
}

}  // namespace
}  // namespace berth::launcher
