#include "runtime/cgroup/making.h"

#include <algorithm>

#include "base/error.h"
#include "runtime/cgroup/group.h"
#include "scratch.h"
#include "tests/support/message_of.h"

namespace berth::runtime::cgroup {
namespace {

using test::message_of;

// In all hierarchies that a container's group is in: on a hybrid host v2 is one of them.
class MakingTest : public Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    if (!IsSkipped()) hierarchy_ = detect(ControllerSet::container);
  }
  // Those of sites() that have the group, v1's and v2's.
  int count(bool v2, const std::string& path) const {
    int found = 0;
    for (const Site& site : sites(hierarchy_)) {
      found += site.v2 == v2 && open_group(site, components(path)) ? 1 : 0;
    }
    return found;
  }
  int sites_of(bool v2) const {
    return static_cast<int>(std::ranges::count(sites(hierarchy_), v2, &Site::v2));
  }
};

TEST_F(MakingTest, MakesV2sPartAndV1s) {
  Making making(hierarchy_, path("job_1/step_0"));
  EXPECT_EQ(count(true, path("job_1")), 0);
  EXPECT_FALSE(making.make_v2());
  EXPECT_EQ(count(true, path("job_1/step_0")), sites_of(true));
  EXPECT_EQ(count(false, path("job_1/step_0")), 0);
  EXPECT_FALSE(making.make_v1());
  EXPECT_EQ(count(false, path("job_1/step_0")), sites_of(false));
  const Node node = making.keep();
  EXPECT_EQ(node.path(), path("job_1/step_0"));
  EXPECT_EQ(run_in(node, [] { return 7; }), 7 << 8);
}

TEST_F(MakingTest, AProcessJoinsPartByPart) {
  Making making(hierarchy_, path("job_1"));
  making.make_v2();
  const CgroupJoin v2 = making.join_v2();
  EXPECT_EQ(static_cast<bool>(v2.v2_dir), sites_of(true) == 1);
  EXPECT_EQ(static_cast<bool>(v2.v2_procs), sites_of(true) == 1);
  EXPECT_TRUE(v2.v1_tasks.empty());
  making.make_v1();
  EXPECT_EQ(making.join_v1().size(), static_cast<size_t>(sites_of(false)));
}

TEST_F(MakingTest, WhatIsNotKeptIsGone) {
  { Making(hierarchy_, path("job_1/step_0")).make_v2(); }
  EXPECT_TRUE(directories(path("job_1")).empty());
  {
    Making making(hierarchy_, path("job_1/step_0"));
    making.make_v2();
    making.make_v1();
  }
  EXPECT_TRUE(directories(path("job_1")).empty());
}

TEST_F(MakingTest, WhatWasThereIsToldAndStays) {
  (void)Node::create(hierarchy_, path("job_1"), {});
  {
    Making making(hierarchy_, path("job_1/step_0"));
    EXPECT_FALSE(making.make_v2()) << "what is above it does not count";
    EXPECT_FALSE(making.make_v1());
  }
  const auto before = directories(path("job_1"));
  {
    Making making(hierarchy_, path("job_1"));
    EXPECT_EQ(making.make_v2(), sites_of(true) > 0);
    EXPECT_EQ(making.make_v1(), sites_of(false) > 0);
  }
  EXPECT_EQ(directories(path("job_1")), before);
}

// Of v1 without what a new group inherits.
TEST_F(MakingTest, MakesWhatIsADirectoryAloneBelowAParentThatIsThere) {
  Hierarchy plain = hierarchy_;
  plain.v2.clear();
  plain.v2_controllers.clear();
  std::erase_if(plain.v1, [](const V1Mount& mount) {
    return std::ranges::any_of(mount.controllers, [](const std::string& controller) {
      return controller == "cpuset" || controller == "memory";
    });
  });
  if (plain.v1.empty()) GTEST_SKIP() << "no v1: " << errno_text(ENOENT);
  (void)Node::create(hierarchy_, path("job_1"), {});
  const size_t all = sites(plain).size();
  {
    Making making(plain, path("job_1/step_0"));
    EXPECT_FALSE(making.make_v1());
    EXPECT_EQ(directories(path("job_1/step_0")).size(), all);
  }
  EXPECT_TRUE(directories(path("job_1/step_0")).empty());
  const Node kept = Node::create(plain, path("job_1/step_0"), {});
  EXPECT_TRUE(Making(plain, path("job_1/step_0")).make_v1());
  EXPECT_EQ(directories(path("job_1/step_0")).size(), all);
  EXPECT_FALSE(Making(plain, path("job_2/step_0")).make_v1()) << "and with what is above it";
  EXPECT_TRUE(directories(path("job_2")).empty());
}

TEST_F(MakingTest, TakesAHierarchyAndItsControllers) {
  EXPECT_EQ(message_of([&] { (void)Making({}, "a"); }),
            "make cgroup 'a': the host has no cgroup controllers");
  EXPECT_NE(message_of([&] { (void)Making(without_pids(), path("job_1"), pids_of(7)); }), "");
}

}  // namespace
}  // namespace berth::runtime::cgroup
