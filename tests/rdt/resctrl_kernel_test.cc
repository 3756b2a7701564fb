// rdt on a real kernel's resctrl, empty of groups. On the host these skip unless it has one; the
// guest of tests/vm runs them all.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "rdt/observe.h"
#include "rdt/tasks.h"
#include "tests/rdt/node.h"
#include "tests/rdt/on_a_kernel.h"
#include "topology/placement.h"

namespace berth::rdt {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

// A child that does nothing until it is killed; reaped whoever kills it.
class Sleeper {
 public:
  Sleeper() : pid_(::fork()) {
    while (pid_ == 0) ::pause();
  }
  ~Sleeper() { end(); }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;
  pid_t pid() const { return pid_; }
  int end() {
    int status = 0;
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(std::exchange(pid_, 0), &status, 0);
    }
    return status;
  }

 private:
  pid_t pid_;
};

class KernelTest : public OnAKernel {
 protected:
  std::string text_of(const std::string& file) const { return read_file(resctrl_->root(), file); }
  unsigned first() const { return capability_.caches.l3->domains.front(); }
  unsigned last() const { return capability_.caches.l3->domains.back(); }
  using OnAKernel::must;
  Holding must(const std::string& claim, std::string_view amount,
               const std::vector<unsigned>& ids) const {
    return must(claim, wish_for(amount, ids));
  }
  std::vector<std::string> settle(const std::vector<std::string>& alive, bool kill = false) const {
    return reconcile(*resctrl_, state_.get(), alive, kill);
  }
  std::vector<std::string> monitors(const std::string& group) const {
    return resctrl_->find(group).value().monitor_names();
  }
};

TEST_F(KernelTest, CapabilityAndHwlocAgreeOnTheDomains) {
  const topology::Machine machine = topology::Machine::load();
  std::vector<unsigned> ids;
  for (const auto& share : topology::l3_shares(topology::place(machine, machine.cpus()))) {
    ids.push_back(share.id);
    EXPECT_GT(share.bytes, 0U);
  }
  EXPECT_EQ(ids, capability_.caches.l3->domains);
  EXPECT_GE(capability_.max_groups, 1U);
}

TEST_F(KernelTest, TakesWaysMovesATaskAndGivesAllBack) {
  const Holding holding = must("job_1", "4w", {last()});
  const std::string group_name = holding.place.group;
  EXPECT_EQ(group_name, "berth_1");
  EXPECT_EQ(mask(group_name, last()).count(), 4U);
  EXPECT_FALSE(mask("", last()).intersects(mask(group_name, last())));
  EXPECT_FALSE(capability_.caches.l3->shareable.intersects(mask(group_name, last())));
  EXPECT_EQ(transition(capability_, observe(*resctrl_, capability_, ledger()), ledger()),
            std::vector<Step>())
      << "the kernel is as the ledger";

  Sleeper task;
  EXPECT_TRUE(open_place(*resctrl_, holding.place).add(task.pid()));
  EXPECT_THAT(tasks_at(*resctrl_, holding.place), ElementsAre(task.pid()));
  EXPECT_THAT(read_file(AT_FDCWD, "/proc/" + std::to_string(task.pid()) + "/cpu_resctrl_groups"),
              HasSubstr("res:berth_1\n"));
  const Group group = resctrl_->find(group_name).value();
  EXPECT_THAT(group.tasks(), ElementsAre(task.pid())) << "of its monitor groups too";
  const pid_t gone = task.pid();
  task.end();
  EXPECT_FALSE(open_place(*resctrl_, holding.place).add(gone));
  back("job_1");
  EXPECT_THROW((void)group.schemata(), Error);
}

TEST_F(KernelTest, ClaimsOfDifferentDomainsShareAGroupAndAreToldApart) {
  if (first() == last()) GTEST_SKIP() << "one L3";
  const Holding one = must("job_1", "4w", {first()});
  const Holding two = must("job_2", "3w", {last()});
  EXPECT_EQ(one.place.group, two.place.group);
  const bool monitored = capability_.monitor.has_value();
  EXPECT_EQ(monitors(one.place.group).size(), monitored ? 2U : 0U);
  EXPECT_EQ(mask(two.place.group, last()).count(), 3U);
  Sleeper task;
  EXPECT_TRUE(open_place(*resctrl_, two.place).add(task.pid()));
  EXPECT_THAT(tasks_at(*resctrl_, one.place), testing::IsEmpty());
  EXPECT_THAT(tasks_at(*resctrl_, two.place), ElementsAre(task.pid()));
  back("job_1");
  EXPECT_THAT(tasks_at(*resctrl_, two.place), ElementsAre(task.pid()));
  EXPECT_EQ(mask(two.place.group, last()).count(), 3U);
  task.end();
  back("job_2");
}

TEST_F(KernelTest, CompactionMovesTheRunningWithoutAnOverlap) {
  const unsigned all = capability_.caches.l3->full.minus(capability_.caches.l3->shareable).count();
  if (all < 8 || capability_.max_groups < 3) GTEST_SKIP() << "too few ways or groups";
  rules_.packing = false;
  must("job_1", "2w", {first()});
  must("job_2", "2w", {first()});
  back("job_1");
  // As many as are free below and above job_2 together.
  Wish wish = wish_for("100%", {first()});
  for (unsigned ways = all; ways > 0; --ways) {
    wish.caches.l3 = CacheWish{Amount{Amount::Unit::ways, ways}, {}, {}};
    const auto answer = ask("job_3", wish);
    const Holding* holding = std::get_if<Holding>(&answer);
    if (holding == nullptr) continue;
    EXPECT_EQ(holding->grant.moved.size(), 1U);
    const WayMask moved = mask(ledger().group_of("job_2")->name, first());
    EXPECT_EQ(moved.count(), 2U);
    EXPECT_FALSE(moved.intersects(mask(holding->place.group, first())));
    break;
  }
  EXPECT_NE(ledger().member("job_3"), nullptr);
  back("job_2");
  back("job_3");
}

TEST_F(KernelTest, TheKernelsExclusiveModeIsSet) {
  rules_.kernel_exclusive = true;
  // What only the kernel knows may stand in its way (ways that hardware uses, an L2 of its own).
  const Holding holding = must("job_1", "2w", {first()});
  EXPECT_EQ(resctrl_->find(holding.place.group)->mode(), "exclusive");
  back("job_1");
}

TEST_F(KernelTest, HoldsTheLockForLessThanLibpqosWaits) {
  // The best of some: the guest is emulated, and its host has other things to do.
  double locked = 1;
  for (int i = 0; i < 10; ++i) {
    locked = std::min(locked, must("job_1", "4w", {first(), last()}).locked_seconds);
    back("job_1");
  }
  EXPECT_LT(locked, 0.1);
  RecordProperty("locked_seconds", std::to_string(locked));
}

TEST_F(KernelTest, ABadMaskIsRefusedAsAWholeWithTheKernelsHint) {
  const Group group = resctrl_->create("berth_a");
  const Schemata held = group.schemata();
  const auto message = [&](const Schemata& schemata) {
    try {
      group.write(schemata);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), EINVAL);
      return e.message();
    }
    return std::string("no exception");
  };
  EXPECT_THAT(message({{{"L3", {{first(), 0x5}}}}}), HasSubstr("non-consecutive"));
  EXPECT_THAT(message({{{"L3", {{first(), uint64_t{1} << 40}}}}}), HasSubstr("(kernel's hint: "));
  EXPECT_THAT(message({{{"L3", {{first(), 1}, {last() + 7, 1}}}}}), EndsWith("invalid argument"))
      << "the kernel leaves `ok` for an unknown domain";
  EXPECT_THAT(message({{{"L3", {{first(), 1}}}, {"XX", {{0, 1}}}}}), HasSubstr("XX"));
  EXPECT_EQ(group.schemata(), held) << "all lines or none";
  const auto& mb = capability_.throttles.mb;
  if (mb && mb->granularity > 5) {
    const uint64_t odd = mb->min + 5;
    group.write({{{"MB", {{first(), odd}}}}});
    EXPECT_GT(group.schemata().resources.at("MB").at(first()), odd);
  }
  resctrl_->remove("berth_a");
}

TEST_F(KernelTest, RunsOutOfGroupsWithAReason) {
  std::vector<std::string> claims;
  for (unsigned i = 0; i < capability_.max_groups; ++i) {
    claims.push_back("job_" + std::to_string(i));
    // Without monitor groups: RMIDs may be fewer than twice the groups.
    Wish wish = wish_for("1w", {first()});
    wish.monitored = false;
    const auto granted = ask(claims.back(), wish);
    ASSERT_TRUE(std::holds_alternative<Holding>(granted)) << std::get<Refusal>(granted).reason;
  }
  const auto answer = ask("job_more", wish_for("1w", {first()}));
  ASSERT_TRUE(std::holds_alternative<Refusal>(answer));
  EXPECT_THAT(std::get<Refusal>(answer).reason, HasSubstr("that the hardware has are taken"));
  try {
    resctrl_->create("berth_more");
    ADD_FAILURE() << "more groups than max_groups";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ENOSPC);
    EXPECT_THAT(e.message(), HasSubstr("Out of CLOSIDs"));
  }
  for (const std::string& claim : claims) back(claim);
}

TEST_F(KernelTest, RefusesWhatDoesNotFit) {
  must("job_1", "50%", {first(), last()});
  const std::string held = text_of("schemata");
  const auto answer = ask("job_2", wish_for("50%", {last()}));
  ASSERT_TRUE(std::holds_alternative<Refusal>(answer));
  EXPECT_THAT(std::get<Refusal>(answer).reason, HasSubstr(" ways asked, "));
  EXPECT_EQ(text_of("schemata"), held);
  back("job_1");
}

TEST_F(KernelTest, LeavesAStrangersWaysAlone) {
  const WayMask theirs(0x3);
  resctrl_->create("stranger").write({{{"L3", {{first(), theirs.bits()}}}}});
  const Holding holding = must("job_1", "2w", {first()});
  EXPECT_FALSE(mask(holding.place.group, first()).intersects(theirs));
  EXPECT_THAT(settle({}), ElementsAre(HasSubstr("removed group 'berth_1'"), HasSubstr("default")));
  EXPECT_EQ(mask("stranger", first()), theirs);
  resctrl_->remove("stranger");
}

TEST_F(KernelTest, TheDefaultGroupGrowsAroundAStrangerInExclusiveMode) {
  const CacheCapability& l3 = *capability_.caches.l3;
  if (l3.code_data || capability_.caches.l2 || capability_.max_groups < 4) {
    GTEST_SKIP() << "the mode is for all caches at once, or there are too few groups";
  }
  Schemata freed;
  for (const char* claim : {"job_1", "job_2", "job_3"}) must(claim, "2w", l3.domains);
  for (const unsigned id : l3.domains) {
    freed.resources["L3"][id] = mask(ledger().group_of("job_1")->name, id).bits();
  }
  back("job_1");
  const Group stranger = resctrl_->create("stranger");
  stranger.write(freed);
  stranger.set_mode("exclusive");
  const unsigned before = mask("", first()).count();
  back("job_3");
  EXPECT_GT(mask("", first()).count(), before);
  back("job_2");
  for (const unsigned id : l3.domains) {
    EXPECT_FALSE(mask("", id).intersects(WayMask(freed.resources["L3"][id]))) << id;
  }
  // Nothing of ours is left: the rest is the admin's.
  resctrl_->remove("stranger");
  resctrl_->default_group().write(parse_schemata(before_));
}

TEST_F(KernelTest, ReconcileRestoresAllAfterADeathBeforeAnyCall) {
  int deaths = 0;
  for (int n = 1;; ++n) {
    const pid_t child = ::fork();
    if (child == 0) {
      const TreeCalls kernel = TreeCalls::kernel();
      int calls = 0;
      const auto count = [&] {
        if (++calls == n) ::kill(::getpid(), SIGKILL);
      };
      const Resctrl dying(duplicate(resctrl_->root()), {[&](int root, const char* name) {
                                                          count();
                                                          return kernel.make_group(root, name);
                                                        },
                                                        [&](int root, const char* name) {
                                                          count();
                                                          return kernel.remove_group(root, name);
                                                        },
                                                        [&](int group, std::string_view lines) {
                                                          count();
                                                          return kernel.assign(group, lines);
                                                        }});
      take(dying, state_.get(), "job_1", "job 1", wish_for("4w", {first()}), rules_);
      give_back(dying, state_.get(), "job_1");
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    settle({});
    EXPECT_EQ(text_of("schemata"), before_) << n;
    EXPECT_TRUE(resctrl_->group_names().empty()) << n;
    EXPECT_EQ(ledger(), Layout()) << n;
    if (!WIFSIGNALED(status)) break;
    ++deaths;
  }
  EXPECT_GE(deaths, 5) << "shrink, make, write, remove, grow; more where RMIDs are waited for";
}

TEST_F(KernelTest, ReconcileKillsTheTasksOfTheDeadAndMakesTheLivingAgain) {
  const Holding dead = must("job_1", "2w", {first()});
  const Holding live = must("job_2", "3w", {first()});
  const WayMask ways = mask(live.place.group, first());
  Sleeper doomed, spared;
  open_place(*resctrl_, dead.place).add(doomed.pid());
  open_place(*resctrl_, live.place).add(spared.pid());
  // What containerd does at its start to every group that is not its own.
  resctrl_->remove(live.place.group);
  const std::vector<std::string> lines = settle({"job_2"}, true);
  ASSERT_GE(lines.size(), 2U);
  EXPECT_EQ(lines[0], "removed group 'berth_1' of job_1");
  EXPECT_EQ(lines[1], "gave group 'berth_2' of job_2 its ways again");
  EXPECT_EQ(monitors(live.place.group).size(), capability_.monitor ? 1U : 0U);
  EXPECT_EQ(mask(live.place.group, first()), ways);
  siginfo_t death{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(doomed.pid()), &death, WEXITED | WNOHANG | WNOWAIT),
            0);
  EXPECT_EQ(death.si_status, SIGKILL);
  EXPECT_EQ(::kill(spared.pid(), 0), 0);
  back("job_2");
}

TEST_F(KernelTest, WaitsForMonitoringIdsInLimbo) {
  if (!capability_.monitor || capability_.monitor->num_rmids > 32) {
    GTEST_SKIP() << "too many RMIDs to use them up before the first come back";
  }
  bool limbo = false;
  for (unsigned i = 0; i < 3 * capability_.monitor->num_rmids && !limbo; ++i) {
    try {
      const Group group = resctrl_->create("berth_spin", 0ms);
      group.add_task(::getpid());
      const auto until = std::chrono::steady_clock::now() + 3ms;
      while (std::chrono::steady_clock::now() < until) {
      }
      resctrl_->remove("berth_spin");
    } catch (const Error& e) {
      ASSERT_EQ(e.code(), EBUSY) << e.message();
      limbo = true;
    }
  }
  ASSERT_TRUE(limbo) << "no RMID stayed in limbo";
  must("job_1", "2w", {first()});
  back("job_1");
}

TEST_F(KernelTest, WithoutMonitoringIdsAClaimDoesWithoutItsOwnOrIsRefused) {
  if (!capability_.monitor || capability_.monitor->num_rmids > 32) {
    GTEST_SKIP() << "too many RMIDs to use them up";
  }
  const unsigned all = capability_.monitor->num_rmids;
  const Group rest = resctrl_->default_group();
  const auto deadline = std::chrono::steady_clock::now() + 30s;
  while (rmids_in_use(*resctrl_) + 3 < all) {
    try {
      (void)rest.make_monitor("filler_" + std::to_string(rmids_in_use(*resctrl_)));
    } catch (const Error& e) {  // earlier tests' ids are in limbo
      ASSERT_EQ(e.code(), EBUSY) << e.message();
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
      std::this_thread::sleep_for(50ms);
    }
  }
  EXPECT_EQ(must("job_1", "2w", {first()}).place, (Place{"berth_1", "job_1"}));
  EXPECT_EQ(must("job_2", "2w", {first()}).place, (Place{"berth_2", ""}));
  const std::string held = text_of("schemata");
  const auto answer = ask("job_3", wish_for("2w", {first()}));
  ASSERT_TRUE(std::holds_alternative<Refusal>(answer));
  EXPECT_EQ(std::get<Refusal>(answer).reason,
            "the node has no monitoring id (RMID) left: " + std::to_string(all) + " of " +
                std::to_string(all) + " in use");
  EXPECT_EQ(text_of("schemata"), held);
  EXPECT_EQ(rmids_in_use(*resctrl_), all);
  back("job_1");
  back("job_2");
}

TEST_F(KernelTest, TheLockIsTheKernelDocumentsOwn) {
  const Resctrl::Lock lock = resctrl_->lock();
  EXPECT_NE(::system("flock -n /sys/fs/resctrl true"), 0);
}

}  // namespace
}  // namespace berth::rdt
