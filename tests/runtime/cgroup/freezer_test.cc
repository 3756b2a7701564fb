#include "runtime/cgroup/freezer.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "scratch.h"
#include "tests/support/message_of.h"

namespace berth::runtime::cgroup {
namespace {

using test::message_of;

// Groups in all hierarchies, and a child that counts.
class FreezerTest : public Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    if (IsSkipped()) return;
    hierarchy_.controllers = ControllerSet::container;
    void* const page =
        ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(page, MAP_FAILED);
    ticks_ = static_cast<std::atomic<long>*>(page);
  }
  void TearDown() override {
    Scratch::TearDown();
    if (ticks_ != nullptr) ::munmap(ticks_, 4096);
  }
  // A child that counts for as long as it lives.
  pid_t count_in(const Node& node) const {
    return stay_in(node, [this] {
      if (::fork() == 0) {
        for (;; ::usleep(1000)) ++*ticks_;
      }
    });
  }
  bool counts() const {
    const long before = *ticks_;
    for (int i = 0; i < 500 && *ticks_ == before; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return *ticks_ != before;
  }
  bool stands_still() const {
    const long before = *ticks_;
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    return *ticks_ == before;
  }
  std::atomic<long>* ticks_ = nullptr;
};

TEST_F(FreezerTest, StopsAllOfItAndLetsItGoOn) {
  const Node node = Node::create(hierarchy_, path("c1"), {});
  count_in(node);
  ASSERT_TRUE(counts());
  EXPECT_FALSE(is_frozen(hierarchy_, path("c1")));
  freeze(hierarchy_, path("c1"));
  EXPECT_TRUE(is_frozen(hierarchy_, path("c1")));
  EXPECT_TRUE(stands_still());
  freeze(hierarchy_, path("c1"));  // again is nothing new
  thaw(hierarchy_, path("c1"));
  EXPECT_FALSE(is_frozen(hierarchy_, path("c1")));
  EXPECT_TRUE(counts());
  thaw(hierarchy_, path("c1"));
}

// A SIGKILL waits for them; others of their group must not be let go.
TEST_F(FreezerTest, WhoStandsStillElsewhereIsKilledAndNobodyElseThawed) {
  if (hierarchy_.v1_of("freezer") == nullptr) {
    GTEST_SKIP() << "takes v1's freezer: " << errno_text(ENODEV);
  }
  const Node own = Node::create(hierarchy_, path("c1"), {});
  const Node others = Node::create(hierarchy_, path("other"), {});
  const pid_t moved = stay_in(own), below = stay_in(own), stranger = stay_in(others);
  // After they joined: what is left to v2 keeps them out of a group that has others below it.
  (void)Node::create(hierarchy_, path("c1/below"), {});
  const auto put = [&](pid_t pid, const std::string& group) {
    write_file(AT_FDCWD, file_of("freezer", path(group), "cgroup.procs"), std::to_string(pid));
  };
  put(moved, "other");
  put(below, "c1/below");
  freeze(hierarchy_, path("other"));
  freeze(hierarchy_, path("c1/below"));
  kill_all(hierarchy_, path("c1"));
  EXPECT_EQ(processes(hierarchy_, path("c1")), std::vector<pid_t>{});
  EXPECT_TRUE(is_frozen(hierarchy_, path("other")));
  EXPECT_EQ(processes(hierarchy_, path("other")), std::vector<pid_t>{stranger});
}

TEST_F(FreezerTest, FreezesAnEmptyGroup) {
  Node::create(hierarchy_, path("c1"), {});
  freeze(hierarchy_, path("c1"));
  EXPECT_TRUE(is_frozen(hierarchy_, path("c1")));
}

TEST_F(FreezerTest, AFrozenGroupCanBeKilled) {
  const Node node = Node::create(hierarchy_, path("c1"), {});
  count_in(node);
  freeze(hierarchy_, path("c1"));
  kill_all(hierarchy_, path("c1"));
  EXPECT_TRUE(processes(hierarchy_, path("c1")).empty());
  EXPECT_TRUE(remove(hierarchy_, path("c1")));
}

TEST_F(FreezerTest, WhatIsNotThereIsNotFrozen) {
  EXPECT_FALSE(is_frozen(hierarchy_, path("none")));
  EXPECT_NO_THROW(thaw(hierarchy_, path("none")));
  EXPECT_EQ(message_of([&] { freeze(hierarchy_, path("none")); }),
            "freeze cgroup '" + path("none") + "': it has no freezer");
}

// As systemd removes a scope with its last process, while that one is being killed.
TEST_F(FreezerTest, OfAGroupThatGoesMeanwhileNothingIsFrozen) {
  for (int i = 0; i < 100; ++i) {
    Node::create(hierarchy_, path("c1"), {});
    std::atomic<bool> gone = false;
    std::thread remover([&] {
      (void)remove(hierarchy_, path("c1"));
      gone = true;
    });
    const auto look = [&] {
      while (!gone) {
        thaw(hierarchy_, path("c1"));
        (void)is_frozen(hierarchy_, path("c1"));
        (void)processes(hierarchy_, path("c1"));
      }
    };
    EXPECT_EQ(message_of(look), "no error");
    remover.join();
  }
}

using ControllersTest = FreezerTest;

TEST_F(ControllersTest, AContainerHasAGroupInEveryHierarchy) {
  const Node node = Node::create(hierarchy_, path("c1"), {});
  for (const V1Mount& mount : hierarchy_.v1) {
    const bool ours = mount.controllers[0] != "perf_event";
    EXPECT_EQ(::access((mount.path + "/" + path("c1")).c_str(), F_OK) == 0, ours) << mount.path;
  }
  const pid_t pid = stay_in(node);
  EXPECT_EQ(processes(hierarchy_, path("c1")), std::vector<pid_t>{pid});
}

TEST_F(ControllersTest, AreEnabledBelowAGroupThatWasMadeForFewer) {
  Hierarchy few = hierarchy_;
  few.controllers = ControllerSet::limits;
  Node::create(few, path("a"), {});
  Node::create(hierarchy_, path("a/c1"), {});
  if (hierarchy_.v2_has("cpu")) {
    EXPECT_EQ(read("cpu", path("a/c1"), "cpu.weight"), "100");
  } else if (hierarchy_.v1_of("cpu") != nullptr) {
    EXPECT_EQ(read("cpu", path("a/c1"), "cpu.shares"), "1024");
  }
}

TEST_F(ControllersTest, AreFewWhereNobodyAsksForMore) {
  Hierarchy few = hierarchy_;
  few.controllers = ControllerSet::limits;
  Node::create(few, path("a"), {});
  for (const V1Mount& mount : hierarchy_.v1) {
    const std::string& name = mount.controllers[0];
    const bool ours = name == "cpuset" || name == "memory" || name == "pids";
    EXPECT_EQ(::access((mount.path + "/" + path("a")).c_str(), F_OK) == 0, ours) << mount.path;
  }
}

}  // namespace
}  // namespace berth::runtime::cgroup
