// The layouts' promises over random sequences of claims: after every step of every change, and
// after a change that is broken off anywhere and taken up again by who knows the layouts alone.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>

#include "rdt/layout.h"
#include "rdt/room.h"
#include "tests/rdt/random_node.h"

namespace berth::rdt {

void PrintTo(const Shape& shape, std::ostream* out) {
  *out << shape.name;
}

namespace {

constexpr unsigned kSequences = 12'500;  // of each shape
constexpr unsigned kChanges = 12;        // of each sequence

class LayoutProperty : public testing::TestWithParam<Shape> {
 protected:
  void SetUp() override {
    if (!GetParam().foreign) return;
    Foreign pqos{"COS1", {}};
    for (size_t i = 0; i < GetParam().domains.size(); ++i) {
      pqos.ways.l3.emplace_back(i == 0 ? 0x60U : 0U);
      if (GetParam().l2_full != 0) pqos.ways.l2.resize(2 * GetParam().domains.size());
    }
    foreign_.push_back(std::move(pqos));
  }

  // Those whose tasks run before and after a change: what must hold at each step is theirs.
  static Layout staying(const Layout& before, const Layout& after) {
    Layout both = before.groups.size() <= after.groups.size() ? before : after;
    std::erase_if(both.groups, [&](const Clos& group) {
      return before.find(group.name) == nullptr || after.find(group.name) == nullptr;
    });
    for (Clos& group : both.groups) {
      for (const Cache cache : kCaches) {
        for (size_t domain = 0; domain < group.slots[cache].size(); ++domain) {
          const bool stays = before.find(group.name)->slots[cache][domain].hold != Hold::none &&
                             after.find(group.name)->slots[cache][domain].hold != Hold::none;
          if (!stays) group.slots[cache][domain] = {};
        }
      }
    }
    return both;
  }

  // Applies the first `count` steps, looking after each. False where a promise was broken.
  bool apply(MaskKernel& kernel, const std::vector<Step>& steps, size_t count,
             const Layout& running) const {
    for (size_t i = 0; i < count; ++i) {
      const std::string refused = kernel.apply(steps[i]);
      const std::string broken =
          refused.empty() ? broken_promise(capability_, GetParam(), running, kernel) : refused;
      if (broken.empty()) continue;
      std::string list;
      for (const Step& step : steps) list += "\n  " + to_string(step);
      ADD_FAILURE() << "after step " << i + 1 << " of" << list << "\n" << broken;
      return false;
    }
    return true;
  }

  bool change(const Layout& to, size_t break_off) {
    const std::vector<Step> steps = transition(capability_, kernel_.state(), to);
    const Layout running = staying(layout_, to);
    // Broken off and undone by who has the two layouts and looks at the kernel.
    MaskKernel broken = kernel_;
    const size_t done = std::min(break_off, steps.size());
    if (!apply(broken, steps, done, running)) return false;
    Layout back = layout_;
    if (back.groups.empty()) back.original = to.original;
    const auto undo = transition(capability_, broken.state(), back);
    if (!apply(broken, undo, undo.size(), running)) return false;
    if (!holds(broken, layout_)) return false;
    if (!apply(kernel_, steps, steps.size(), running)) return false;
    layout_ = to;
    return holds(kernel_, layout_);
  }

  // The kernel has what the layout says, no more and no less.
  bool holds(const MaskKernel& kernel, const Layout& layout) const {
    const auto rest = transition(capability_, kernel.state(), layout);
    if (!rest.empty()) {
      ADD_FAILURE() << "the kernel is not as the layout: " << to_string(rest.front());
    }
    EXPECT_EQ(kernel.state().groups.size(), layout.groups.size());
    const std::string broken = broken_promise(capability_, GetParam(), layout, kernel);
    EXPECT_EQ(broken, "");
    return rest.empty() && broken.empty();
  }

  // Ways that no group has at this moment, and no partition.
  WayMask unused(Cache cache, size_t domain) const {
    const KernelState& state = kernel_.state();
    WayMask used = capability_.caches[cache]->shareable | exclusive_in(layout_, cache, domain);
    used = used | state.default_group.masks[cache][domain].all();
    for (const KernelGroup& group : state.groups) {
      used = used | group.control.masks[cache][domain].all();
    }
    return capability_.caches[cache]->full.minus(used);
  }

  // Another program's group comes, onto ways that are nobody's then, or goes.
  bool visit(std::mt19937& random) {
    Foreign visitor{"COS1", {}, true};
    if (!foreign_.empty()) {
      kernel_.leave(visitor.name);
    } else {
      for (size_t domain = 0; domain < GetParam().domains.size(); ++domain) {
        const auto runs = unused(Cache::l3, domain).runs();
        visitor.ways.l3.push_back(
            runs.empty() ? WayMask() : runs[random() % runs.size()].lowest_ways(1 + random() % 2));
      }
      kernel_.visit(std::move(visitor));
    }
    foreign_ = kernel_.state().foreign;
    return change(layout_, 0);
  }

  // Whether the default group is without what it would have but for a visitor.
  bool grown_around() const {
    const auto& l3 = *capability_.caches.l3;
    for (size_t domain = 0; domain < l3.domains.size(); ++domain) {
      const Masks due = default_in(l3, layout_, Cache::l3, domain);
      if (kernel_.state().default_group.masks.l3[domain] != due) return true;
    }
    return false;
  }

  // As much as was asked, and less than one way more.
  void expect_as_asked(const Grant& grant, const std::string& claim, const Wish& wish) const {
    if (!wish.caches.l3 || !wish.caches.l3->all || wish.of_class) return;
    const CacheCapability& l3 = *capability_.caches.l3;
    const Clos& group = *grant.layout.group_of(claim);
    const Amount& asked = *wish.caches.l3->all;
    const unsigned full = l3.full.count();
    for (const DomainShare& share : wish.domains.l3) {
      const uint64_t ways = group.slots.l3[*l3.index_of(share.id)].ways.count();
      const bool least = ways == l3.min_ways;
      switch (asked.unit) {
        case Amount::Unit::ways:
          EXPECT_EQ(ways, std::max<uint64_t>(asked.value, l3.min_ways));
          break;
        case Amount::Unit::percent:
          EXPECT_GE(ways * 100, asked.value * full);
          EXPECT_TRUE(least || (ways - 1) * 100 < asked.value * full);
          break;
        case Amount::Unit::bytes:
          EXPECT_GE(ways * (share.bytes / full), asked.value);
          EXPECT_TRUE(least || (ways - 1) * (share.bytes / full) < asked.value);
          break;
        case Amount::Unit::automatic:
          EXPECT_LE((ways - 1) * share.all_cpus, uint64_t{full} * share.cpus);
          break;
      }
    }
  }

  // Refused for want of ways only where those that are free between two obstacles do not suffice in
  // some domain; and for want of a group only where none could be shared.
  void expect_justified(const Refusal& refusal, const Wish& wish) const {
    if (refusal.reason.starts_with("all ")) {
      EXPECT_EQ(layout_.groups.size() + foreign_.size(), capability_.max_groups);
      return;
    }
    if (wish.shared || wish.of_class || !wish.caches.l3 || wish.caches.l2) return;
    const CacheCapability& l3 = *capability_.caches.l3;
    for (const DomainShare& share : wish.domains.l3) {
      const Room room =
          survey(l3, layout_, foreign_, Cache::l3, *l3.index_of(share.id), GetParam().rules);
      uint64_t need = 0;
      for (const auto& part : {wish.caches.l3->all, wish.caches.l3->code, wish.caches.l3->data}) {
        if (part)
          need += std::max<uint64_t>(ways_of(*part, l3.full.count(), room.grantable(), share),
                                     l3.min_ways);
      }
      unsigned largest = 0;
      if (l3.sparse) largest = room.free().count();
      for (const WayMask segment : (room.free() | room.exclusive).minus(room.foreign).runs()) {
        largest = std::max(largest, (segment & room.free()).count());
      }
      if (need > largest) return;
    }
    // Kernel-exclusive groups want a way of every other domain too.
    if (GetParam().rules.kernel_exclusive) return;
    ADD_FAILURE() << "refused without need: " << refusal.reason;
  }

  const Capability capability_ = capability_of(GetParam());
  std::vector<Foreign> foreign_;
  MaskKernel kernel_{capability_, {}};
  Layout layout_;
};

TEST_P(LayoutProperty, HoldsAtEveryStepOfEverySequence) {
  size_t granted = 0, refused = 0, packed = 0, moved = 0, around = 0;
  for (unsigned sequence = 0; sequence < kSequences && !HasFailure(); ++sequence) {
    std::mt19937 random(sequence);
    kernel_ = MaskKernel(capability_, foreign_);
    layout_ = {};
    const KernelState initial = kernel_.state();
    std::vector<std::string> claims;
    for (unsigned i = 0; i < kChanges && !HasFailure(); ++i) {
      SCOPED_TRACE(testing::Message() << "sequence " << sequence << ", change " << i);
      // What the default group has when a first claim comes is what it is to have again.
      const bool here = GetParam().visitor && !foreign_.empty();
      if (GetParam().visitor && (claims.empty() ? here : random() % 3 == 0)) {
        if (!visit(random)) return;
      }
      around += grown_around();
      if (!claims.empty() && random() % 5 < 2) {
        const size_t at = random() % claims.size();
        if (!change(layout_.without(claims[at]), random() % 4)) return;
        claims.erase(claims.begin() + static_cast<long>(at));
        continue;
      }
      const Wish wish = random_wish(random, GetParam(), random_domains(random, GetParam()));
      const std::string claim = "job_" + std::to_string(i);
      Layout base = layout_;
      if (base.groups.empty()) base.original = kernel_.state().default_group.masks;
      auto answer = allocate(capability_, base, foreign_, claim, "job", wish, GetParam().rules);
      if (const Refusal* refusal = std::get_if<Refusal>(&answer)) {
        expect_justified(*refusal, wish);
        ++refused;
        continue;
      }
      const Grant& grant = std::get<Grant>(answer);
      expect_as_asked(grant, claim, wish);
      ++granted, packed += grant.packed, moved += grant.moved.size();
      if (!change(grant.layout, random() % 5)) return;
      claims.push_back(claim);
    }
    for (const std::string& claim : claims) {
      if (!change(layout_.without(claim), 0)) return;
    }
    if (GetParam().visitor && !foreign_.empty() && !visit(random)) return;
    ASSERT_EQ(kernel_.state().default_group, initial.default_group) << "sequence " << sequence;
    ASSERT_TRUE(kernel_.state().groups.empty());
  }
  std::cout << GetParam().name << ": " << kSequences << " sequences, " << granted << " granted ("
            << packed << " packed), " << refused << " refused, " << moved << " moves\n";
  EXPECT_GT(granted, 0U);
  EXPECT_GT(refused, 0U);
  EXPECT_EQ(around > 0, GetParam().visitor);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, LayoutProperty,
    testing::Values(Shape{.name = "skylake"},
                    Shape{.name = "haswell",
                          .full = 0xfffff,
                          .shareable = 0xc0000,
                          .min_ways = 2,
                          .max_groups = 3,
                          .bandwidth = false},
                    Shape{.name = "io_at_both_ends",
                          .full = 0xfffff,
                          .shareable = 0xc0001,
                          .code_data = true,
                          .rules = {.floor_ways = 3}},
                    Shape{.name = "epyc",
                          .full = 0xffff,
                          .shareable = 0,
                          .domains = {0, 1, 2, 3, 8, 9, 10, 11},
                          .max_groups = 6,
                          .sparse = true},
                    Shape{.name = "l2", .max_groups = 7, .l2_full = 0xff},
                    Shape{.name = "foreign", .max_groups = 7, .foreign = true},
                    Shape{.name = "visitor", .code_data = true, .visitor = true},
                    Shape{.name = "io_allowed", .rules = {.io_ways = true, .packing = false}},
                    Shape{.name = "kernel_exclusive",
                          .rules = {.packing = false, .kernel_exclusive = true}},
                    Shape{.name = "kernel_exclusive_l2",
                          .l2_full = 0xff,
                          .rules = {.io_ways = true, .kernel_exclusive = true}}),
    [](const auto& shape) { return std::string(shape.param.name); });

}  // namespace
}  // namespace berth::rdt
