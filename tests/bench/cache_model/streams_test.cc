#include "bench/cache/model/streams.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace berth::cache_model {
namespace {

std::vector<uint64_t> lines_of(Stream stream, unsigned number) {
  std::vector<uint64_t> lines;
  for (unsigned i = 0; i < number; ++i) lines.push_back(next_line(stream));
  return lines;
}

std::set<uint64_t> as_set(const std::vector<uint64_t>& lines) {
  return {lines.begin(), lines.end()};
}

TEST(Streams, AScanIsInOrderAndBeginsAgain) {
  const uint64_t first = first_line(2);
  EXPECT_EQ(lines_of(CyclicScan(2, 3), 7),
            (std::vector{first, first + 1, first + 2, first, first + 1, first + 2, first}));
}

TEST(Streams, AChaseVisitsEachLineOncePerPassAndEachPassAlike) {
  for (const uint32_t number : {1U, 2U, 100U}) {
    PointerChase chase(0, number, 5);
    std::vector<uint64_t> pass;
    for (uint32_t i = 0; i < number; ++i) pass.push_back(chase.next());
    EXPECT_EQ(as_set(pass), as_set(lines_of(CyclicScan(0, number), number)));
    for (uint32_t i = 0; i < number; ++i) EXPECT_EQ(chase.next(), pass[i]);
  }
}

TEST(Streams, AChaseIsNoScan) {
  const auto pass = lines_of(PointerChase(0, 1000, 5), 1000);
  unsigned in_order = 0;
  for (size_t i = 1; i < pass.size(); ++i) in_order += pass[i] == pass[i - 1] + 1 ? 1U : 0U;
  EXPECT_LT(in_order, 10U);
  EXPECT_NE(pass, lines_of(PointerChase(0, 1000, 6), 1000));
}

TEST(Streams, UniformReachesAllItsLinesAlikeAndNoOther) {
  constexpr unsigned number = 16, accesses = 16000;
  std::vector<unsigned> times(number, 0);
  for (const uint64_t line : lines_of(UniformRandom(1, number, 9), accesses)) {
    ASSERT_GE(line, first_line(1));
    ASSERT_LT(line, first_line(1) + number);
    ++times[line - first_line(1)];
  }
  for (const unsigned n : times) EXPECT_NEAR(n, 1000, 160);  // five standard deviations
}

TEST(Streams, TheEndlessOneNeverComesBack) {
  EXPECT_EQ(as_set(lines_of(EndlessStream(1), 10000)).size(), 10000U);
}

TEST(Streams, OwnersShareNoLine) {
  std::set<uint64_t> seen;
  size_t lines = 0;
  unsigned owner = 0;
  for (const Stream& stream :
       {Stream(UniformRandom(0, 50, 1)), Stream(CyclicScan(1, 50)), Stream(PointerChase(2, 50, 1)),
        Stream(EndlessStream(3)), Stream(UniformRandom(4, 50, 1))}) {
    const auto own = as_set(lines_of(stream, 200));
    EXPECT_GE(*own.begin(), first_line(owner));
    EXPECT_LT(*own.rbegin(), first_line(owner + 1));
    lines += own.size();
    seen.insert(own.begin(), own.end());
    ++owner;
  }
  EXPECT_EQ(seen.size(), lines);
}

TEST(Streams, AreTheSameForTheSameSeed) {
  EXPECT_EQ(lines_of(UniformRandom(0, 1000, 3), 100), lines_of(UniformRandom(0, 1000, 3), 100));
  EXPECT_NE(lines_of(UniformRandom(0, 1000, 3), 100), lines_of(UniformRandom(0, 1000, 4), 100));
}

}  // namespace
}  // namespace berth::cache_model
