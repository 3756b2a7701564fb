// A claim's tasks after somebody removed its group, on the emulator with this machine's processes.
#include "launcher/claim_processes.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "rdt/tasks.h"
#include "tests/support/resctrl/mount.h"
#include "tests/support/temporary_folder.h"

namespace berth::launcher {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A process as slurmstepd is: it holds the use, its child is the task. Both end with the test.
class Step {
 public:
  Step() {
    int ends[2];
    check(::pipe2(ends, O_CLOEXEC), "make a pipe", "");
    const UniqueFd reading(ends[0]), writing(ends[1]);
    holder_ = ::fork();
    check(holder_, "fork", "");
    if (holder_ == 0) {
      const pid_t task = ::fork();
      ::alarm(60);
      if (task != 0 && ::write(writing.get(), &task, sizeof task) != sizeof task) ::_exit(1);
      for (;;) ::pause();
    }
    if (::read(reading.get(), &task_, sizeof task_) != sizeof task_) throw Error("start a step");
  }
  ~Step() {
    ::kill(task_, SIGKILL);
    ::kill(holder_, SIGKILL);
    ::waitpid(holder_, nullptr, 0);
  }
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;
  pid_t holder() const { return holder_; }
  pid_t task() const { return task_; }

 private:
  pid_t holder_ = 0, task_ = 0;
};

class LostTasks : public testing::Test {
 protected:
  void SetUp() override {
    try {
      mount_ = std::make_unique<test::resctrl::Mount>(test::resctrl::skylake());
    } catch (const Error& error) {
      if (error.code() != EPERM && error.code() != ENOENT && error.code() != ENODEV) throw;
      GTEST_SKIP() << error.message();
    }
    roots_.emplace(
        Roots{rdt::Resctrl(mount_->root()), runtime::cgroup::detect(), Claims::open(run_)});
  }

  rdt::Place take(const std::string& claim, const Step& step) {
    roots_->claims.add_use(claim, {"0_node_0", Holder::of(step.holder()), "0"});
    rdt::Wish wish;
    wish.asked = "4w";
    wish.caches.l3 = rdt::CacheWish{rdt::Amount{rdt::Amount::Unit::ways, 4}, {}, {}};
    wish.domains.l3.push_back({0, 11 << 20, 1, 1});
    const auto answer = rdt::take(resctrl(), state_dir(), claim, "job 4711", wish, {});
    const rdt::Place place = std::get<rdt::Holding>(answer).place;
    EXPECT_TRUE(rdt::open_place(resctrl(), place).add(step.task()));
    return place;
  }
  const rdt::Resctrl& resctrl() const { return *roots_->resctrl; }
  int state_dir() const { return roots_->claims.state_dir(); }

  std::unique_ptr<test::resctrl::Mount> mount_;
  test::TemporaryFolder folder_;
  std::string run_ = folder_.path() + "/run";
  std::optional<Roots> roots_;
  const std::string claim_ = "job_4711_" + std::to_string(::getpid());  // no job's on this machine
};

TEST_F(LostTasks, AreSentBackToTheGroupThatIsMadeAgain) {
  const Step step;
  const rdt::Place place = take(claim_, step);
  ASSERT_THAT(rdt::tasks_at(resctrl(), place), ElementsAre(step.task()));
  ASSERT_TRUE(resctrl().remove(place.group));
  rdt::reconcile(resctrl(), state_dir(), {claim_}, false);
  EXPECT_THAT(rdt::tasks_at(resctrl(), place), IsEmpty());
  EXPECT_THAT(bring_back(*roots_, {claim_}),
              ElementsAre("moved 1 threads of job 4711 back into group 'berth_1'"));
  EXPECT_THAT(rdt::tasks_at(resctrl(), place), ElementsAre(step.task())) << "the holder is no task";
  EXPECT_THAT(bring_back(*roots_, {claim_}), IsEmpty());
}

TEST_F(LostTasks, WhoIsInAnotherGroupStaysThere) {
  const Step step;
  take(claim_, step);
  const rdt::Group elsewhere = resctrl().create("an_admins");
  ASSERT_TRUE(elsewhere.add_task(step.task()));
  EXPECT_THAT(bring_back(*roots_, {claim_}), IsEmpty());
  EXPECT_THAT(elsewhere.tasks(), ElementsAre(step.task()));
}

TEST_F(LostTasks, WhatCannotBeDoneIsSaid) {
  const Step step;
  const rdt::Place place = take(claim_, step);
  ASSERT_TRUE(resctrl().remove(place.group));
  EXPECT_THAT(bring_back(*roots_, {claim_}),
              ElementsAre("could not move the threads of job 4711 back into group 'berth_1': find "
                          "resctrl group 'berth_1': no such file or directory"));
}

}  // namespace
}  // namespace berth::launcher
