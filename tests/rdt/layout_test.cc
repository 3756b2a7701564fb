#include "rdt/layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rdt/ledger.h"
#include "tests/rdt/node.h"

namespace berth::rdt {
namespace {

using testing::HasSubstr;

CacheCapability cache(bool sparse = false) {
  return {WayMask(0x7ff), WayMask(0x600), 1, 16, sparse, false, {0}};
}

// One cache whose default group had `had`, and one group with these ways to itself.
Layout layout_of(uint64_t had, uint64_t exclusive) {
  Layout layout;
  layout.original.l3 = {{WayMask(had), WayMask(had)}};
  Clos group;
  group.name = "berth_1";
  group.slots.l3 = {{Hold::exclusive, WayMask(exclusive), {}}};
  layout.groups.push_back(group);
  return layout;
}

std::string left(uint64_t had, uint64_t exclusive, bool sparse = false) {
  const Masks masks = default_in(cache(sparse), layout_of(had, exclusive), Cache::l3, 0);
  EXPECT_EQ(masks.data, masks.code);
  return masks.data.to_hex();
}

TEST(DefaultIn, IsTheTopRunOfWhatIsLeft) {
  EXPECT_EQ(left(0x7ff, 0xf), "7f0");
  EXPECT_EQ(left(0x7ff, 0x30), "7c0") << "the ways below are free";
  EXPECT_EQ(left(0x3fc, 0x1c), "3e0");
}

TEST(DefaultIn, IsAsItWasWhereNothingOfItIsTaken) {
  EXPECT_EQ(left(0x7f0, 0xf), "7f0");
  EXPECT_EQ(left(0x61, 0x2), "61") << "holes are the admin's own";
}

TEST(DefaultIn, IsAllThatIsLeftWhereMasksMayHaveHoles) {
  EXPECT_EQ(left(0x7ff, 0x30, true), "7cf");
}

TEST(DefaultIn, IsAllOfADomainThatCameLater) {
  Layout layout = layout_of(0x7f0, 0xf);
  layout.original.l3.clear();
  EXPECT_EQ(default_in(cache(), layout, Cache::l3, 0).data.to_hex(), "7f0");
  layout.groups.clear();
  EXPECT_EQ(default_in(cache(), layout, Cache::l3, 0).data.to_hex(), "7ff");
}

TEST(DefaultIn, TellsCodeFromData) {
  Layout layout = layout_of(0, 0xf);
  layout.original.l3 = {{WayMask(0x7f0), WayMask(0x7ff)}};
  const Masks masks = default_in(cache(), layout, Cache::l3, 0);
  EXPECT_EQ(masks.data.to_hex(), "7f0");
  EXPECT_EQ(masks.code.to_hex(), "7f0");
  layout.groups.clear();
  EXPECT_EQ(default_in(cache(), layout, Cache::l3, 0).code.to_hex(), "7ff");
}

std::string beside_stranger(uint64_t exclusive, uint64_t theirs, bool exclusive_mode = true,
                            unsigned min_ways = 1) {
  CacheCapability one = cache();
  one.min_ways = min_ways;
  const Foreign strangers[] = {{"COS1", {{WayMask(theirs)}, {}}, exclusive_mode}};
  return default_beside_strangers(one, layout_of(0x7ff, exclusive), strangers, Cache::l3, 0)
      .data.to_hex();
}

TEST(DefaultBesideStrangers, IsWhatTheyLeaveInExclusiveMode) {
  EXPECT_EQ(beside_stranger(0xf0, 0xf), "700");
  EXPECT_EQ(beside_stranger(0x100, 0xf), "600");
  EXPECT_EQ(beside_stranger(0, 0xf), "7f0");
  EXPECT_EQ(beside_stranger(0, 0xf, false), "7ff") << "they are shared then";
}

TEST(DefaultBesideStrangers, IsAsTheLayoutSaysWhereTheyLeaveNoMask) {
  EXPECT_EQ(beside_stranger(0, 0x7ff), "7ff");
  EXPECT_EQ(beside_stranger(0xf, 0x3f0, true, 2), "7f0");
}

TEST(FloorIn, IsTheTopOfWhatTheDefaultGroupHad) {
  const auto floor = [](uint64_t had, unsigned ways) {
    return floor_in(cache(), layout_of(had, 1), Cache::l3, 0, ways).to_hex();
  };
  EXPECT_EQ(floor(0x7ff, 2), "600");
  EXPECT_EQ(floor(0x3fc, 2), "300");
  EXPECT_EQ(floor(0x7ff, 0), "400") << "the hardware's least";
  EXPECT_EQ(floor(0x600, 4), "600") << "it had no more";
  EXPECT_EQ(floor(0x61, 4), "60") << "of its top run";
}

TEST(Without, TakesOutTheMemberAndWhatNobodyUsesThen) {
  Node node;
  node.add_bandwidth();
  Wish wish = wish_for("4w", {0});
  wish.throttles.mb = parse_bandwidth("50%");
  node.take("a", wish);
  node.take("b", "3w", {1});
  const Layout both = node.layout;
  const Layout rest = both.without("a");
  EXPECT_EQ(rest.member("a"), nullptr);
  ASSERT_NE(rest.member("b"), nullptr);
  EXPECT_EQ(rest.find("berth_1")->slots.l3,
            (std::vector<Slot>{{}, {Hold::exclusive, WayMask(0x7), {}}}));
  EXPECT_EQ(rest.find("berth_1")->rates.mb, (std::vector<Rate>{{}, {true, 0}}));
  EXPECT_EQ(both.without("nobody"), both);
}

TEST(Without, MovesNobody) {
  Node node;
  for (const char* name : {"a", "b", "c"}) node.take(name, "2w", {0});
  const Layout rest = node.layout.without("a");
  EXPECT_EQ(*rest.group_of("b"), *node.layout.group_of("b"));
  EXPECT_EQ(*rest.group_of("c"), *node.layout.group_of("c"));
}

TEST(Without, LeavesADomainThatAnotherMemberUsesToo) {
  Node node;
  node.take("s", shared_wish("3w", {0, 1}));
  node.take("t", shared_wish("3w", {1}));
  const Layout rest = node.layout.without("s");
  EXPECT_EQ(rest.group_of("t")->slots.l3,
            (std::vector<Slot>{{}, {Hold::shared, WayMask(0x700), {}}}));
}

TEST(Without, TheLastOneKeepsWhatTheDefaultGroupHad) {
  Node node;
  node.layout.original.l3 = {{WayMask(0x7f0), WayMask(0x7f0)}, {WayMask(0x3ff), WayMask(0x3ff)}};
  const auto before = node.layout.original;
  node.take("a", "4w", {0});
  const Layout rest = node.layout.without("a");
  EXPECT_TRUE(rest.groups.empty());
  EXPECT_EQ(rest.original, before);
}

TEST(MasksOf, AreTheFloorsWhereNobodyOfTheGroupHasCpus) {
  Layout layout = layout_of(0x7ff, 0xf);
  Clos& group = layout.groups[0];
  const auto masks = [&] {
    const Masks held = masks_of(cache(), layout, group, Cache::l3, 0);
    return held.data.to_hex() + "/" + held.code.to_hex();
  };
  EXPECT_EQ(masks(), "f/f");
  group.slots.l3[0].code = WayMask(0xc);
  EXPECT_EQ(masks(), "3/c");
  group.slots.l3[0] = {Hold::shared, WayMask(0x700), {}};
  EXPECT_EQ(masks(), "700/700");
  group.slots.l3[0] = {Hold::as_default, {}, {}};
  EXPECT_EQ(masks(), "7ff/7ff");
  group.slots.l3[0] = {};
  layout.floor_ways = 3;
  EXPECT_EQ(masks(), "700/700");
}

// A node with something of everything that a layout can hold.
Node full_node() {
  Node node;
  node.capability.caches.l3->code_data = true;
  node.add_l2(0xff, {0, 1, 2, 3});
  node.add_bandwidth();
  node.rules.floor_ways = 2;
  node.layout.original.l3 = {{WayMask(0x7ff), WayMask(0x7f0)}, {WayMask(0x7ff), WayMask(0x7ff)}};
  node.layout.original.l2.assign(4, {WayMask(0xff), WayMask(0xff)});
  Wish wish = code_data_wish("1w", "2w", {0});
  wish.caches.l2 = cache_wish("2w");
  wish.domains.l2 = {{0, 1 << 20, 4, 4}};
  wish.throttles.mb = parse_bandwidth("50%");
  node.take("job_1", wish);
  node.take("job_2", "2w", {1});
  node.take("job_3", shared_wish("3w", {0}));
  node.take("job_4", bandwidth_wish("20%", {0}));
  wish = wish_for("100%", {1});
  wish.of_class = ClassWish{"gold", "big", {parse_amount("4w"), {}}};
  wish.monitored = false;
  node.take("job_5", wish);
  node.rules.kernel_exclusive = true;
  node.take("job_6", "1w", {0});
  return node;
}

TEST(LayoutJson, IsReadBackAsItWas) {
  const Node node = full_node();
  ASSERT_EQ(node.layout.groups.size(), 5U);
  const std::string text = to_text(node.capability, node.layout);
  EXPECT_EQ(layout_from_text(text, node.capability), node.layout) << text;
}

TEST(LayoutJson, NamesDomainsByIdAndMasksAsSchemataDoes) {
  Node node(0xffff, 0, {0, 8});
  node.take("job_1", "4w", {8});
  EXPECT_EQ(to_text(node.capability, node.layout),
            R"({"defaultBefore":{},"floorWays":1,"groups":[{"L3":{"8":{"hold":"exclusive",)"
            R"("ways":"f"}},"members":[{"L2":[],"L3":[8],"MB":[],"SMBA":[],"asked":"4w",)"
            R"("claim":"job_1","monitored":true,"purpose":"job job_1"}],"name":"berth_1"}],)"
            R"("partitions":{},"version":2})");
}

TEST(LayoutJson, LeavesOutDomainsThatAreNotThereAnyMore) {
  Node node(0x7ff, 0x600, {0, 1, 2});
  node.layout.original.l3.assign(3, {WayMask(0x7ff), WayMask(0x7ff)});
  node.take("job_1", "4w", {0, 2});
  const std::string text = to_text(node.capability, node.layout);
  node.capability.caches.l3->domains = {1, 2};
  const Layout rest = layout_from_text(text, node.capability);
  EXPECT_EQ(rest.find("berth_1")->slots.l3,
            (std::vector<Slot>{{}, {Hold::exclusive, WayMask(0xf), {}}}));
  EXPECT_EQ(rest.member("job_1")->domains.l3, (std::vector<size_t>{1}));
  EXPECT_EQ(rest.original.l3.size(), 2U);
}

TEST(LayoutJson, KeepsAPurposeThatIsNotUtf8Readable) {
  Node node;
  node.take("job_1", "4w", {0});
  node.layout.groups[0].members[0].purpose = "job \xff";
  const Layout read = layout_from_text(to_text(node.capability, node.layout), node.capability);
  EXPECT_THAT(read.member("job_1")->purpose, HasSubstr("job "));
}

}  // namespace
}  // namespace berth::rdt
