// kill -9 of who changes resctrl, before each of its system calls (which is after the one before),
// then reconcile: what the ledger says and what the kernel holds are the same, whoever lives has
// what he had, and a taking that was cut short left nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <iostream>

#include "base/error.h"
#include "base/file.h"
#include "rdt/commit.h"
#include "tests/rdt/some_resctrl.h"

namespace berth::rdt {
namespace {

using Names = std::vector<std::string>;

class KillPoints : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(resctrl().group_names().empty()) << "somebody uses this resctrl";
    before_ = kernel().default_group;
  }
  void TearDown() override {
    settle({});
    EXPECT_EQ(kernel().default_group, before_) << "the default group is not as it was";
    EXPECT_TRUE(resctrl().group_names().empty());
  }

  const Resctrl& resctrl() const { return some_.resctrl(); }
  int state() const { return some_.state_dir(); }
  KernelState kernel() const {
    const Capability capability = resctrl().capability();
    return observe(resctrl(), capability, read_ledger(state(), capability));
  }
  Layout ledger() const { return read_ledger(state(), resctrl().capability()); }

  Wish wish(unsigned ways, const std::vector<size_t>& domains) const {
    const Capability capability = resctrl().capability();
    Wish wish;
    wish.asked = std::to_string(ways) + "w";
    wish.caches.l3 = CacheWish{Amount{Amount::Unit::ways, ways}, {}, {}};
    for (const size_t at : domains) {
      wish.domains.l3.push_back({capability.caches.l3->domains.at(at), 11 << 20, 1, 1});
    }
    return wish;
  }
  void must_take(const std::string& claim, unsigned ways, const std::vector<size_t>& in) const {
    const auto answer = take(resctrl(), state(), claim, claim, wish(ways, in), {});
    const auto* refusal = std::get_if<Refusal>(&answer);
    if (refusal != nullptr) throw Error(claim + ": " + refusal->reason);
  }
  void back(const std::string& claim) const { give_back(resctrl(), state(), claim); }
  Names settle(const Names& alive) const { return reconcile(resctrl(), state(), alive, false); }

  // Runs `change` in a child that is killed at its stop number `at`; each system call has two, the
  // odd ones are before it.
  // False where it ended before.
  static bool killed_at(unsigned at, const std::function<void()>& change) {
    const pid_t child = check(::fork(), "fork");
    if (child == 0) {
      ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      ::raise(SIGSTOP);
      try {
        change();
      } catch (...) {
        ::_exit(3);
      }
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    for (unsigned stop = 0; stop < at; ++stop) {
      ::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr);
      ::waitpid(child, &status, 0);
      if (WIFEXITED(status)) {
        if (WEXITSTATUS(status) != 0) throw Error("the change failed without being killed");
        return false;
      }
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    return true;
  }

  // Of a node that `before` prepares, `change` is killed everywhere; `alive` live on. Afterwards
  // exactly `left` may be held, whatever was done of the change.
  void kill_everywhere(const char* what, const std::function<void()>& before,
                       const std::function<void()>& change, const Names& alive,
                       const Names& left) const {
    unsigned points = 0, journals = 0;
    for (unsigned at = 1;; at += 2) {
      settle({});
      before();
      const Layout was = ledger();
      const bool killed = killed_at(at, change);
      journals += Journal::read(state(), resctrl().capability()).has_value();
      settle(alive);
      SCOPED_TRACE(testing::Message() << what << ", killed at stop " << at);
      expect_consistent(was, left);
      if (HasFailure()) return;
      if (!killed) break;
      ++points;
    }
    std::cout << what << ": killed before each of " << points << " system calls, " << journals
              << " of them with a journal under way\n";
    EXPECT_GT(journals, 0U);
  }

  void expect_consistent(const Layout& was, const Names& left) const {
    const Capability capability = resctrl().capability();
    const Layout now = ledger();
    Names held;
    for (const Clos& group : now.groups) {
      for (const Member& member : group.members) held.push_back(member.claim);
    }
    EXPECT_THAT(held, testing::UnorderedElementsAreArray(left));
    const KernelState state = observe(resctrl(), capability, now);
    EXPECT_THAT(state.foreign, testing::IsEmpty()) << "groups that no ledger knows";
    Layout target = now;
    if (target.groups.empty()) target.original = before_.masks;
    for (const Step& step : transition(capability, state, target)) {
      ADD_FAILURE() << "ledger and kernel differ: " << to_string(step);
    }
    for (const std::string& claim : left) {
      const auto ways = [&](const Layout& layout) {
        std::vector<unsigned> counts;
        for (const GrantedDomain& domain : granted(capability, layout, claim)) {
          counts.push_back(domain.slot.ways.count());
        }
        return counts;
      };
      EXPECT_EQ(ways(now), ways(was)) << claim;
    }
    EXPECT_THAT(list_dir(this->state()), testing::IsSubsetOf({"rdt.json", "rdt-capability.json"}));
  }

  SomeResctrl some_;
  Control before_;
};

TEST_F(KillPoints, OfTheFirstTaking) {
  kill_everywhere(
      "first taking", [] {}, [&] { must_take("job_1", 4, {0}); }, {}, {});
}

// A hole in the middle, so that a running claim's ways are moved to make room.
TEST_F(KillPoints, OfATakingThatMovesAnother) {
  const auto prepare = [&] {
    must_take("job_1", 3, {0});
    must_take("job_2", 2, {0});
    must_take("job_3", 3, {0});
    back("job_2");
  };
  prepare();
  const auto answer = take(resctrl(), state(), "job_4", "job 4", wish(3, {0}), {});
  ASSERT_TRUE(std::holds_alternative<Holding>(answer)) << std::get<Refusal>(answer).reason;
  ASSERT_EQ(std::get<Holding>(answer).grant.moved.size(), 1U) << "nobody had to be moved";
  kill_everywhere("taking with a move", prepare, [&] { must_take("job_4", 3, {0}); },
                  {"job_1", "job_3"}, {"job_1", "job_3"});
}

TEST_F(KillPoints, OfATakingInAnothersGroup) {
  kill_everywhere(
      "taking in a shared group", [&] { must_take("job_1", 3, {0}); },
      [&] { must_take("job_2", 4, {1}); }, {"job_1"}, {"job_1"});
}

TEST_F(KillPoints, OfARelease) {
  kill_everywhere(
      "release",
      [&] {
        must_take("job_1", 3, {0});
        must_take("job_2", 2, {0, 1});
      },
      [&] { back("job_1"); }, {"job_2"}, {"job_2"});
}

TEST_F(KillPoints, OfTheLastRelease) {
  kill_everywhere(
      "last release",
      [&] {
        must_take("job_1", 3, {0, 1});
      },
      [&] { back("job_1"); }, {}, {});
}

// Who mends dies too; the next one mends.
TEST_F(KillPoints, OfAReconcile) {
  kill_everywhere(
      "reconcile",
      [&] {
        must_take("job_1", 3, {0});
        must_take("job_2", 2, {0, 1});
        must_take("job_3", 2, {1});
      },
      [&] { settle({"job_2"}); }, {"job_2"}, {"job_2"});
}

}  // namespace
}  // namespace berth::rdt
