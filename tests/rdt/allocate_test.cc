#include "rdt/allocate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <random>

namespace berth::rdt {
namespace {

struct Shape {
  const char* name;
  uint64_t full, shareable;
  unsigned min_ways;
  std::vector<unsigned> domains;
};
void PrintTo(const Shape& shape, std::ostream* out) {
  *out << shape.name;
}

const Shape kSkylake{"skylake", 0x7ff, 0x600, 1, {0, 1}};
const Shape kHaswell{"haswell", 0xfffff, 0xc0000, 2, {0}};
const Shape kLowShareable{"low_shareable", 0xfffff, 0xc0001, 1, {0, 1}};
const Shape kEpyc{"epyc", 0xffff, 0, 1, {0, 1, 2, 3, 8, 9, 10, 11}};

constexpr uint64_t kBytes = 11 << 20;  // of each L3: 1 MiB a way on kSkylake

// A node: groups come and go as allocate says.
struct Node {
  Capability capability;
  Schemata original;
  std::vector<InUse> groups;
  unsigned floor = 1;

  explicit Node(const Shape& shape, unsigned max_groups = 15) {
    capability.l3 = L3Capability{
        WayMask(shape.full), WayMask(shape.shareable), shape.min_ways, max_groups + 1, false,
        shape.domains};
    capability.max_groups = max_groups;
    for (const unsigned id : shape.domains) original.resources["L3"][id] = shape.full;
  }

  static Wish wish(std::string_view amount, const std::vector<unsigned>& domains, bool shared) {
    Wish wish{parse_amount(amount), shared, {}};
    for (const unsigned id : domains) wish.domains[id] = kBytes;
    return wish;
  }

  std::variant<Grant, Refusal> ask(std::string_view amount, const std::vector<unsigned>& domains,
                                   bool shared = false) const {
    return allocate(capability, original, groups, wish(amount, domains, shared), floor);
  }

  Grant take(const std::string& name, std::string_view amount, const std::vector<unsigned>& domains,
             bool shared = false) {
    auto answer = ask(amount, domains, shared);
    if (const Refusal* refusal = std::get_if<Refusal>(&answer)) {
      ADD_FAILURE() << name << ": " << refusal->reason;
      return {};
    }
    const Grant& grant = std::get<Grant>(answer);
    add(name, grant, shared);
    return grant;
  }

  void add(const std::string& name, const Grant& grant, bool shared) {
    InUse group{name, {}, !shared, true};
    for (const auto& [id, ways] : grant.ways) {
      group.schemata.resources["L3"][id] = grant.job.at(id).bits();
    }
    groups.push_back(std::move(group));
  }

  void give_back(const std::string& name) {
    std::erase_if(groups, [&](const InUse& group) { return group.name == name; });
  }

  std::string refusal(std::string_view amount, const std::vector<unsigned>& domains,
                      bool shared = false) const {
    const auto answer = ask(amount, domains, shared);
    const Refusal* refusal = std::get_if<Refusal>(&answer);
    return refusal == nullptr ? "granted" : refusal->reason;
  }

  Masks defaults() const { return default_masks(capability, original, groups); }
};

std::string hex(const Masks& masks) {
  std::string text;
  for (const auto& [id, mask] : masks) {
    text += (text.empty() ? "" : ";") + std::to_string(id) + "=" + mask.to_hex();
  }
  return text;
}

TEST(Allocate, StacksJobsFromTheBottomAndLeavesTheDefaultTheTop) {
  Node node(kSkylake);
  Grant a = node.take("a", "4w", {0});
  EXPECT_EQ(hex(a.job), "0=f;1=400") << "where it has no cores: the floor";
  EXPECT_EQ(hex(a.default_group), "0=7f0;1=7ff");
  EXPECT_EQ(a.ways, (std::map<unsigned, unsigned>{{0, 4}}));
  Grant b = node.take("b", "3w", {0, 1});
  EXPECT_EQ(hex(b.job), "0=70;1=7");
  EXPECT_EQ(hex(b.default_group), "0=780;1=7f8");
  EXPECT_EQ(hex(node.defaults()), "0=780;1=7f8");
}

TEST(Allocate, HalfOfElevenWaysIsSixAndFitsOnce) {
  Node node(kSkylake);
  node.floor = 2;
  EXPECT_EQ(hex(node.take("a", "50%", {0, 1}).job), "0=3f;1=3f");
  EXPECT_EQ(node.refusal("50%", {1}),
            "L3 1: 6 of 11 ways asked, 3 free (default keeps 2, jobs hold 6)");
  EXPECT_EQ(hex(node.take("b", "3w", {1}).default_group), "0=7c0;1=600");
}

TEST(Allocate, CountsBytesInWays) {
  Node node(kSkylake);
  EXPECT_EQ(hex(node.take("a", "3MiB", {0}).job), "0=7;1=400");
  EXPECT_EQ(hex(node.take("b", "1025KiB", {0}).job), "0=18;1=400");
}

TEST(Allocate, GivesBackExactlyWhatTheDefaultHad) {
  Node node(kSkylake);
  node.original.resources["L3"] = {{0, 0x3fc}, {1, 0x7ff}};
  node.take("a", "4w", {0});
  node.take("b", "2w", {0, 1});
  node.give_back("a");
  node.give_back("b");
  EXPECT_EQ(hex(node.defaults()), "0=3fc;1=7ff");
}

TEST(Allocate, FillsTheSmallestHoleThatFitsBeforeItShrinksTheDefault) {
  Node node(kHaswell);
  node.floor = 2;
  node.take("a", "3w", {0});
  node.take("b", "2w", {0});
  node.take("c", "2w", {0});
  node.take("d", "2w", {0});
  node.give_back("a");
  node.give_back("c");
  EXPECT_EQ(hex(node.take("e", "2w", {0}).job), "0=60");
  EXPECT_EQ(hex(node.take("f", "2w", {0}).job), "0=3");
  EXPECT_EQ(hex(node.defaults()), "0=ffe00");
  EXPECT_EQ(hex(node.take("g", "2w", {0}).job), "0=600") << "one way is left, too few";
}

TEST(Allocate, UsesWaysThatTheDefaultNeverHadFirst) {
  Node node(kSkylake);
  node.original.resources["L3"] = {{0, 0x7f0}, {1, 0x7f0}};
  const Grant a = node.take("a", "4w", {0});
  EXPECT_EQ(hex(a.job), "0=f;1=400");
  EXPECT_EQ(hex(a.default_group), "0=7f0;1=7f0");
}

TEST(Allocate, KeepsOffWaysSharedWithIoWhereverTheyLie) {
  Node node(kLowShareable);
  node.floor = 4;
  const Grant a = node.take("a", "15w", {0});
  EXPECT_EQ(hex(a.job), "0=fffe;1=f0000") << "above the shareable way 0";
  EXPECT_EQ(hex(a.default_group), "0=f0000;1=fffff");
  EXPECT_EQ(node.refusal("16w", {1}),
            "L3 1: 16 of 20 ways asked, 15 free (default keeps 4, I/O shares 1)");
}

TEST(Allocate, NeverGoesBelowTheHardwaresMinimum) {
  Node node(kHaswell);
  node.floor = 0;
  const Grant a = node.take("a", "1w", {0});
  EXPECT_EQ(hex(a.job), "0=3");
  EXPECT_EQ(a.ways.at(0), 2U);
  EXPECT_EQ(node.refusal("17w", {0}),
            "L3 0: 17 of 20 ways asked, 16 free (default keeps 2, jobs hold 2)");
}

TEST(Allocate, SharedWaysLieWhereTheDefaultsAre) {
  Node node(kSkylake);
  node.take("a", "4w", {0});
  const Grant s = node.take("s", "3w", {0}, true);
  EXPECT_EQ(hex(s.job), "0=700;1=400");
  EXPECT_EQ(hex(s.default_group), "0=7f0;1=7ff") << "not shrunk";
  EXPECT_EQ(hex(node.take("t", "5w", {0}, true).job), "0=7c0;1=400");
  EXPECT_EQ(node.refusal("8w", {0}, true), "L3 0: 8 of 11 ways asked, 7 free (jobs hold 4)");
  EXPECT_EQ(hex(node.take("b", "2w", {0}).job), "0=30;1=400");
  EXPECT_EQ(node.refusal("1w", {0}),
            "L3 0: 1 of 11 ways asked, 0 free (default keeps 1, jobs hold 10)");
}

TEST(Allocate, NeverHandsOutAStrangersWaysNorTakesThemOffTheDefault) {
  Node node(kSkylake);
  node.groups.push_back({"COS1", {{{"L3", {{0, 0x1e}, {1, 0x7ff}}}}}, true, false});
  EXPECT_EQ(hex(node.take("a", "4w", {0}).job), "0=1e0;1=400");
  EXPECT_EQ(hex(node.defaults()), "0=600;1=7ff");
  EXPECT_EQ(node.refusal("1w", {1}),
            "L3 1: 1 of 11 ways asked, 0 free (default keeps 1, groups not of berth ('COS1') hold "
            "10)");
  EXPECT_EQ(node.refusal("3w", {0}, true),
            "L3 0: 3 of 11 ways asked, 3 free but only 2 side by side (jobs hold 4, groups not of "
            "berth ('COS1') hold 4)");
}

TEST(Allocate, SaysThatFreeWaysAreScattered) {
  Node node(kSkylake);
  for (const char* name : {"a", "b", "c", "d"}) node.take(name, "2w", {0});
  node.give_back("a");
  node.give_back("c");
  EXPECT_EQ(node.refusal("3w", {0}),
            "L3 0: 3 of 11 ways asked, 5 free but only 2 side by side (default keeps 1, jobs hold "
            "4, I/O shares 1)");
}

TEST(Allocate, RefusesWhatNoMachineCouldGive) {
  Node node(kSkylake);
  EXPECT_EQ(node.refusal("12w", {1}), "L3 1: 12 ways asked, it has only 11");
  EXPECT_EQ(node.refusal("12MiB", {1}), "L3 1: 12 ways asked, it has only 11");
  EXPECT_EQ(node.refusal("4w", {0, 5}), "L3 5: resctrl does not know it (it has 0, 1)");
  EXPECT_EQ(node.refusal("4w", {}), "the CPUs lie under no L3 cache");
  Wish wish = Node::wish("4MiB", {0}, false);
  wish.domains[0] = 0;
  EXPECT_EQ(std::get<Refusal>(allocate(node.capability, node.original, {}, wish, 1)).reason,
            "L3 0: its size is unknown: ask for ways or a share");
  node.capability.l3.reset();
  EXPECT_EQ(node.refusal("4w", {0}), "this machine cannot divide its L3 (resctrl has no info/L3)");
  node.capability.cdp = true;
  EXPECT_THAT(node.refusal("4w", {0}), testing::HasSubstr("mounted with cdp"));
}

TEST(Allocate, RefusesWhenTheHardwaresGroupsAreTaken) {
  Node node(kSkylake, 3);
  node.take("a", "1w", {0});
  node.take("b", "1w", {0});
  node.groups.push_back({"COS1", {}, true, false});
  EXPECT_EQ(node.refusal("1w", {0}),
            "all 3 groups that the hardware has are taken (2 of berth, 1 of others)");
}

TEST(Allocate, KeepsAFloorThatIsLargerThanTheDefaultWas) {
  Node node(kSkylake);
  node.floor = 4;
  node.original.resources["L3"][0] = 0x600;
  EXPECT_EQ(hex(node.take("a", "9w", {0}).default_group), "0=600;1=7ff");
}

class Sequences : public testing::TestWithParam<Shape> {};

// What must hold whatever was taken and given back before.
void expect_sound(const Node& node) {
  const L3Capability& l3 = *node.capability.l3;
  const Masks defaults = node.defaults();
  for (const unsigned id : l3.domains) {
    const WayMask kept = defaults.at(id);
    ASSERT_TRUE(kept.contiguous()) << id;
    ASSERT_GE(kept.count(), std::max(node.floor, l3.min_ways)) << id;
    WayMask exclusive, shared;
    for (const InUse& group : node.groups) {
      const auto& held = group.schemata.resources.at("L3");
      if (!held.contains(id)) continue;
      const WayMask mask(held.at(id));
      ASSERT_TRUE(mask.contiguous() && l3.full.contains(mask)) << id << " " << mask.to_hex();
      ASSERT_GE(mask.count(), l3.min_ways);
      ASSERT_FALSE(mask.intersects(exclusive)) << group.name << " overlaps an exclusive group";
      if (group.exclusive) {
        ASSERT_FALSE(mask.intersects(shared | kept | l3.shareable)) << group.name;
        exclusive = exclusive | mask;
      } else {
        shared = shared | mask;
      }
    }
  }
}

TEST_P(Sequences, OfTakingAndGivingBackKeepTheRules) {
  std::mt19937 random(20240229);
  const auto below = [&](size_t n) { return random() % n; };
  Node node(GetParam());
  size_t granted = 0, refused = 0;
  for (int step = 0; step < 4000; ++step) {
    if (step % 200 == 0) {
      node.groups.clear();
      node.floor = 1 + static_cast<unsigned>(below(3));
    }
    if (!node.groups.empty() && below(3) == 0) {
      node.give_back(node.groups[below(node.groups.size())].name);
    } else {
      std::vector<unsigned> domains;
      for (const unsigned id : GetParam().domains) {
        if (domains.empty() || below(2) == 0) domains.push_back(id);
      }
      const std::string amount =
          below(2) == 0 ? std::to_string(1 + below(6)) + "w" : std::to_string(1 + below(60)) + "%";
      const bool shared = below(4) == 0;
      const auto answer = node.ask(amount, domains, shared);
      if (const Grant* grant = std::get_if<Grant>(&answer)) {
        ++granted;
        const Wish wish = Node::wish(amount, domains, shared);
        node.add("g" + std::to_string(step), *grant, shared);
        ASSERT_EQ(hex(grant->default_group), hex(node.defaults()));
        ASSERT_EQ(grant->job.size(), GetParam().domains.size());
        for (const unsigned id : domains) {
          const uint64_t need = std::max<uint64_t>(
              ways_of(wish.l3, node.capability.l3->full.count(), kBytes), GetParam().min_ways);
          ASSERT_EQ(grant->ways.at(id), need);
          ASSERT_EQ(grant->job.at(id).count(), need);
        }
      } else {
        ++refused;
      }
    }
    expect_sound(node);
    if (HasFatalFailure()) FAIL() << "step " << step;
  }
  EXPECT_GT(granted, 500U);
  EXPECT_GT(refused, 100U);
  node.groups.clear();
  for (const auto& [id, mask] : node.defaults()) {
    EXPECT_EQ(mask.bits(), GetParam().full) << id;
  }
}

INSTANTIATE_TEST_SUITE_P(Random, Sequences,
                         testing::Values(kSkylake, kHaswell, kLowShareable, kEpyc),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace berth::rdt
