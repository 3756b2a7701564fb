#include "rdt/room.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/rdt/node.h"

namespace berth::rdt {
namespace {

using testing::ElementsAre;

const CacheCapability kCache{WayMask(0x7ff), WayMask(0x600), 1, 16, false, false, {0}};
const CacheCapability kSparse{WayMask(0x7ff), WayMask(), 1, 16, true, false, {0}};

// A room in which holders have these ways, one each; the default group has what is left at the top.
Room room(const CacheCapability& cache, const std::vector<uint64_t>& holders, uint64_t foreign = 0,
          uint64_t shared = 0) {
  Room result{&cache,           WayMask(0x400),  {}, {}, WayMask(shared),
              WayMask(foreign), cache.shareable, {}};
  for (size_t i = 0; i < holders.size(); ++i) {
    result.extents.push_back({i, false, WayMask(holders[i])});
    result.exclusive = result.exclusive | WayMask(holders[i]);
  }
  const unsigned lowest = result.exclusive.empty() ? 0 : result.exclusive.highest() + 1;
  result.default_group = WayMask::run(lowest, 11 - lowest);
  return result;
}

std::string hex(const std::optional<WayMask>& ways) {
  return ways ? ways->to_hex() : "nowhere";
}

// `1:30->3 hole 1c`: the moves by the holders' positions, and what is free after them.
std::string shown(const std::optional<Compaction>& made) {
  if (!made) return "nothing";
  std::string text;
  for (const Move& move : made->moves) {
    text +=
        fmt::format("{}:{}->{} ", move.extent.owner, move.extent.ways.to_hex(), move.to.to_hex());
  }
  return text + "hole " + made->hole.to_hex();
}

TEST(Room, ThePlaceForAnExclusiveHolder) {
  struct Case {
    const char* what;
    Room room;
    unsigned need;
    const char* place;
  };
  const Case cases[] = {
      {"the low end of the default's", room(kCache, {}), 3, "7"},
      {"all that can be had", room(kCache, {}), 9, "1ff"},
      {"one more than that", room(kCache, {}), 10, "nowhere"},
      {"above the others", room(kCache, {0x7}), 2, "18"},
      {"a hole that fits just so", room(kCache, {0x8, 0x40}), 2, "30"},
      {"the smaller of two holes", room(kCache, {0x10, 0x80}), 2, "60"},
      {"the lower of two equal holes", room(kCache, {0x4, 0x20}), 2, "3"},
      {"no hole is large enough", room(kCache, {0x4, 0x20}), 3, "1c0"},
      {"neither is what is left above", room(kCache, {0x4, 0x40}), 4, "nowhere"},
      {"above a stranger", room(kCache, {}, 0x3), 2, "c"},
      {"above a sharer", room(kCache, {}, 0, 0x3), 2, "c"},
      {"pieces where masks may have holes", room(kSparse, {0x4, 0x40}), 6, "bb"},
      {"one run where there is one", room(kSparse, {0x4, 0x40}), 3, "38"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(hex(place_exclusive(one.room, one.need)), one.place) << one.what;
  }
}

TEST(Room, ThePlaceForASharerIsAsFarUpAsItFits) {
  EXPECT_EQ(hex(place_shared(room(kCache, {}), 3)), "700") << "I/O and the floor may be shared";
  EXPECT_EQ(hex(place_shared(room(kCache, {}), 11)), "7ff");
  EXPECT_EQ(hex(place_shared(room(kCache, {}), 12)), "nowhere");
  EXPECT_EQ(hex(place_shared(room(kCache, {0xf}), 7)), "7f0");
  EXPECT_EQ(hex(place_shared(room(kCache, {0xf}), 8)), "nowhere");
  EXPECT_EQ(hex(place_shared(room(kCache, {0xf}, 0x600), 3)), "1c0") << "below a stranger";
  EXPECT_EQ(hex(place_shared(room(kCache, {0x180}), 4)), "78") << "below a holder";
  EXPECT_EQ(hex(place_shared(room(kCache, {}, 0, 0x700), 3)), "700") << "with another sharer";
  EXPECT_EQ(hex(place_shared(room(kSparse, {0x8, 0x80}), 7)), "774")
      << "pieces where masks may have holes";
}

TEST(Room, CompactionMovesTheFewestWays) {
  struct Case {
    const char* what;
    Room room;
    unsigned need;
    const char* made;
  };
  const Case cases[] = {
      {"nobody to move", room(kCache, {}), 10, "nothing"},
      {"one is slid down", room(kCache, {0x1c}), 5, "0:1c->7 hole f8"},
      {"the lighter of two", room(kCache, {0xe, 0xc0}), 3, "1:c0->30 hole 1c0"},
      {"both", room(kCache, {0xc, 0xc0}), 5, "0:c->3 1:c0->c hole 1f0"},
      {"only the upper one", room(kCache, {0x3, 0x30, 0x180}), 3, "1:30->c hole 70"},
      {"not enough altogether", room(kCache, {0xc, 0xc0}), 6, "nothing"},
      {"what a stranger parts stays parted", room(kCache, {0x2, 0x40}, 0x8), 5, "nothing"},
      {"on one side of a stranger", room(kCache, {0x2, 0x40}, 0x8), 4, "1:40->10 hole 1e0"},
      {"the lighter side of a stranger", room(kCache, {0xe, 0x80}, 0x20), 2, "1:80->40 hole 180"},
      {"masks with holes need none", room(kSparse, {0xc, 0xc0}), 5, "nothing"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(shown(compact(one.room, one.need)), one.made) << one.what;
  }
}

TEST(Room, EachMoveLandsOnWaysThatAreFreeByThen) {
  const Room crowded = room(kCache, {0x2, 0x18, 0x60});
  const auto made = compact(crowded, 4);
  ASSERT_TRUE(made);
  WayMask taken = crowded.exclusive;
  for (const Move& move : made->moves) {
    taken = taken.minus(move.extent.ways);
    EXPECT_FALSE(taken.intersects(move.to)) << shown(made);
    taken = taken | move.to;
  }
  EXPECT_FALSE(taken.intersects(made->hole));
  EXPECT_EQ(made->hole.count(), 4U);
}

TEST(Room, SurveysWhoHasWhat) {
  Node node;
  node.take("a", "3w", {0});
  node.take("b", "2w", {0});
  node.take("s", shared_wish("3w", {0}));
  node.add_stranger("COS1", {0x20, 0});
  const CacheCapability& l3 = *node.capability.caches.l3;
  const Room found = survey(l3, node.layout, node.foreign, Cache::l3, 0, node.rules);
  EXPECT_EQ(found.floor.to_hex(), "400");
  EXPECT_EQ(found.io.to_hex(), "600");
  EXPECT_EQ(found.exclusive.to_hex(), "1f");
  EXPECT_EQ(found.shared.to_hex(), "700");
  EXPECT_EQ(found.foreign.to_hex(), "20");
  EXPECT_EQ(found.default_group.to_hex(), "7e0");
  EXPECT_EQ(found.free().to_hex(), "c0");
  EXPECT_EQ(found.open().to_hex(), "7c0");
  EXPECT_EQ(found.grantable(), 9U);
  ASSERT_EQ(found.extents.size(), 2U);
  EXPECT_EQ(found.extents[0].ways.to_hex(), "7");
  EXPECT_EQ(found.extents[1].ways.to_hex(), "18");
}

}  // namespace
}  // namespace berth::rdt
