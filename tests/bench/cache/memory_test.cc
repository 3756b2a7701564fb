#include "bench/cache/memory.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace berth::cache_bench {
namespace {

// Shorter cycles would be a smaller working set than is said.
TEST(LinkCycle, IsOneCycleThroughAllLines) {
  for (const size_t count : {2UL, 3UL, 1000UL, 4096UL}) {
    std::vector<Line> lines(count);
    link_cycle(lines, 7);
    const Line* at = lines.data();
    for (size_t step = 1; step < count; ++step) {
      at = at->next;
      ASSERT_NE(at, lines.data()) << "closed after " << step << " of " << count;
    }
    EXPECT_EQ(at->next, lines.data());
  }
}

TEST(LinkCycle, IsBySeedAndNotInOrder) {
  std::vector<Line> one(1000), same(1000), other(1000);
  link_cycle(one, 1);
  link_cycle(same, 1);
  link_cycle(other, 2);
  size_t equal = 0, differing = 0, neighbours = 0;
  for (size_t i = 0; i < one.size(); ++i) {
    const auto next = one[i].next - one.data();
    if (next == same[i].next - same.data()) ++equal;
    if (next != other[i].next - other.data()) ++differing;
    if (next == static_cast<ptrdiff_t>(i) + 1) ++neighbours;
  }
  EXPECT_EQ(equal, one.size());
  EXPECT_GT(differing, 900U);
  EXPECT_LT(neighbours, 20U);
}

TEST(SpreadAlong, StartsAreEquallyFarApart) {
  std::vector<Line> lines(1024);
  link_cycle(lines, 3);
  const std::vector<Line*> starts = spread_along(lines, 8);
  ASSERT_EQ(starts.size(), 8U);
  for (size_t i = 0; i < starts.size(); ++i) {
    const Line* at = starts[i];
    for (size_t step = 0; step < 128; ++step) at = at->next;
    EXPECT_EQ(at, starts[(i + 1) % 8]);
  }
}

TEST(Memory, ThatCannotBeHadIsAnError) {
  try {
    const Memory memory(uint64_t{1} << 60);
    FAIL() << "an exbibyte";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ENOMEM);
  }
}

}  // namespace
}  // namespace berth::cache_bench
