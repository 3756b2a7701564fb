// rdt on a real kernel's resctrl, empty of groups. On the host these skip unless it has one; the
// guest of tests/vm runs them all.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "rdt/ledger.h"
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

class KernelTest : public testing::Test {
 protected:
  void SetUp() override {
    resctrl_ = Resctrl::open();
    if (!resctrl_) GTEST_SKIP() << "/sys/fs/resctrl: " << errno_text(ENOENT);
    ASSERT_TRUE(resctrl_->group_names().empty()) << "somebody uses this resctrl";
    ASSERT_NE(::mkdtemp(directory_.data()), nullptr);
    state_ = open_dir(AT_FDCWD, directory_);
    capability_ = resctrl_->capability();
    ASSERT_TRUE(capability_.l3);
    before_ = text_of("schemata");
  }
  void TearDown() override {
    if (!state_) return;
    EXPECT_EQ(text_of("schemata"), before_) << "the default group is not as it was";
    EXPECT_TRUE(resctrl_->group_names().empty());
    for (const std::string& name : resctrl_->group_names()) resctrl_->remove(name);
    resctrl_->default_group().write(parse_schemata(before_));
    std::filesystem::remove_all(directory_);
  }

  std::string text_of(const std::string& file) const { return read_file(resctrl_->root(), file); }
  uint64_t mask(const std::string& group, unsigned id) const {
    const Group g = group.empty() ? resctrl_->default_group() : resctrl_->find(group).value();
    return g.schemata().resources.at("L3").at(id);
  }
  unsigned first() const { return capability_.l3->domains.front(); }
  unsigned last() const { return capability_.l3->domains.back(); }
  static Wish wish(std::string_view amount, std::initializer_list<unsigned> ids) {
    Wish result{parse_amount(amount), false, {}};
    for (const unsigned id : ids) result.domains[id] = 11 << 20;
    return result;
  }
  std::variant<Holding, Refusal> ask(const std::string& name, const Wish& what) const {
    return take(*resctrl_, state_.get(), name, "job 12", what, 1);
  }
  void back(const std::string& name) const { give_back(*resctrl_, state_.get(), name); }
  std::vector<std::string> settle(const std::vector<std::string>& alive, bool kill = false) const {
    return reconcile(*resctrl_, state_.get(), alive, kill);
  }

  std::optional<Resctrl> resctrl_;
  Capability capability_;
  std::string before_;
  std::string directory_ = "/tmp/berth-kernel-XXXXXX";
  UniqueFd state_;
};

TEST_F(KernelTest, CapabilityAndHwlocAgreeOnTheDomains) {
  const topology::Machine machine = topology::Machine::load();
  std::vector<unsigned> ids;
  for (const auto& [id, bytes] : topology::l3_sizes(topology::place(machine, machine.cpus()))) {
    ids.push_back(id);
    EXPECT_GT(bytes, 0U);
  }
  EXPECT_EQ(ids, capability_.l3->domains);
  EXPECT_GE(capability_.max_groups, 1U);
}

TEST_F(KernelTest, TakesWaysMovesATaskAndGivesAllBack) {
  const auto answer = ask("berth_a", wish("4w", {last()}));
  ASSERT_TRUE(std::holds_alternative<Holding>(answer)) << std::get<Refusal>(answer).reason;
  const Holding& holding = std::get<Holding>(answer);
  EXPECT_EQ(WayMask(mask("berth_a", last())).count(), 4U);
  EXPECT_FALSE(WayMask(mask("", last())).intersects(WayMask(mask("berth_a", last()))));
  EXPECT_FALSE(capability_.l3->shareable.intersects(WayMask(mask("berth_a", last()))));
  for (const auto& [id, ways] : holding.grant.job) EXPECT_EQ(mask("berth_a", id), ways.bits());
  for (const auto& [id, ways] : holding.grant.default_group) EXPECT_EQ(mask("", id), ways.bits());

  Sleeper task;
  const Group group = resctrl_->find("berth_a").value();
  EXPECT_TRUE(group.add_task(task.pid()));
  EXPECT_THAT(group.tasks(), ElementsAre(task.pid()));
  EXPECT_THAT(read_file(AT_FDCWD, "/proc/" + std::to_string(task.pid()) + "/cpu_resctrl_groups"),
              HasSubstr("res:berth_a\n"));
  const pid_t gone = task.pid();
  task.end();
  EXPECT_FALSE(group.add_task(gone));
  back("berth_a");
  EXPECT_THROW((void)group.schemata(), Error);
}

TEST_F(KernelTest, HoldsTheLockForLessThanLibpqosWaits) {
  // The best of some: the guest is emulated, and its host has other things to do.
  double locked = 1;
  for (int i = 0; i < 10; ++i) {
    const auto answer = ask("berth_a", wish("4w", {first(), last()}));
    ASSERT_TRUE(std::holds_alternative<Holding>(answer));
    locked = std::min(locked, std::get<Holding>(answer).locked_seconds);
    back("berth_a");
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
  if (capability_.mb && capability_.mb->granularity > 5) {
    const uint64_t odd = capability_.mb->min_percent + 5;
    group.write({{{"MB", {{first(), odd}}}}});
    EXPECT_GT(group.schemata().resources.at("MB").at(first()), odd);
  }
  resctrl_->remove("berth_a");
}

TEST_F(KernelTest, RunsOutOfGroupsWithAReason) {
  std::vector<std::string> names;
  for (unsigned i = 0; i < capability_.max_groups; ++i) {
    names.push_back("berth_" + std::to_string(i));
    const auto answer = ask(names.back(), wish("1w", {first()}));
    ASSERT_TRUE(std::holds_alternative<Holding>(answer)) << std::get<Refusal>(answer).reason;
  }
  const auto answer = ask("berth_more", wish("1w", {first()}));
  ASSERT_TRUE(std::holds_alternative<Refusal>(answer));
  EXPECT_THAT(std::get<Refusal>(answer).reason, HasSubstr("that the hardware has are taken"));
  try {
    resctrl_->create("berth_more");
    ADD_FAILURE() << "more groups than max_groups";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ENOSPC);
    EXPECT_THAT(e.message(), HasSubstr("Out of CLOSIDs"));
  }
  for (const std::string& name : names) back(name);
}

TEST_F(KernelTest, RefusesWhatDoesNotFit) {
  ASSERT_TRUE(std::holds_alternative<Holding>(ask("berth_a", wish("50%", {first(), last()}))));
  const std::string held = text_of("schemata");
  const auto answer = ask("berth_b", wish("50%", {last()}));
  ASSERT_TRUE(std::holds_alternative<Refusal>(answer));
  EXPECT_THAT(std::get<Refusal>(answer).reason, HasSubstr(" ways asked, "));
  EXPECT_EQ(text_of("schemata"), held);
  back("berth_a");
}

TEST_F(KernelTest, LeavesAStrangersWaysAlone) {
  const WayMask theirs(0x3);
  resctrl_->create("stranger").write({{{"L3", {{first(), theirs.bits()}}}}});
  ASSERT_TRUE(std::holds_alternative<Holding>(ask("berth_a", wish("2w", {first()}))));
  EXPECT_FALSE(WayMask(mask("berth_a", first())).intersects(theirs));
  EXPECT_THAT(settle({}), ElementsAre(HasSubstr("removed group 'berth_a'"), HasSubstr("default")));
  EXPECT_EQ(mask("stranger", first()), theirs.bits());
  resctrl_->remove("stranger");
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
      take(dying, state_.get(), "berth_a", "job 12", wish("4w", {first()}), 1);
      give_back(dying, state_.get(), "berth_a");
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    settle({});
    EXPECT_EQ(text_of("schemata"), before_) << n;
    EXPECT_TRUE(resctrl_->group_names().empty()) << n;
    EXPECT_EQ(read_ledger(state_.get()), Ledger()) << n;
    if (!WIFSIGNALED(status)) break;
    ++deaths;
  }
  EXPECT_EQ(deaths, 5) << "shrink, make, assign, remove, grow";
}

TEST_F(KernelTest, ReconcileKillsTheTasksOfTheDeadAndMakesTheLivingAgain) {
  ASSERT_TRUE(std::holds_alternative<Holding>(ask("berth_dead", wish("2w", {first()}))));
  ASSERT_TRUE(std::holds_alternative<Holding>(ask("berth_live", wish("3w", {first()}))));
  const uint64_t live = mask("berth_live", first());
  Sleeper doomed, spared;
  resctrl_->find("berth_dead")->add_task(doomed.pid());
  resctrl_->find("berth_live")->add_task(spared.pid());
  // What containerd does at its start to every group that is not its own.
  resctrl_->remove("berth_live");
  EXPECT_THAT(settle({"berth_live"}, true),
              ElementsAre("removed group 'berth_dead' of job 12",
                          "gave group 'berth_live' of job 12 its ways again"));
  EXPECT_EQ(mask("berth_live", first()), live);
  siginfo_t death{};
  EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(doomed.pid()), &death, WEXITED | WNOHANG | WNOWAIT),
            0);
  EXPECT_EQ(death.si_status, SIGKILL);
  EXPECT_EQ(::kill(spared.pid(), 0), 0);
  back("berth_live");
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
  const auto answer = ask("berth_a", wish("2w", {first()}));
  ASSERT_TRUE(std::holds_alternative<Holding>(answer));
  back("berth_a");
}

TEST_F(KernelTest, TheLockIsTheKernelDocumentsOwn) {
  const Resctrl::Lock lock = resctrl_->lock();
  EXPECT_NE(::system("flock -n /sys/fs/resctrl true"), 0);
}

}  // namespace
}  // namespace berth::rdt
