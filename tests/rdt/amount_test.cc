#include "rdt/amount.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace berth::rdt {
namespace {

using Unit = Amount::Unit;

TEST(Amount, ReadsWaysSharesAndSizes) {
  EXPECT_EQ(parse_amount("4w"), (Amount{Unit::ways, 4}));
  EXPECT_EQ(parse_amount("50%"), (Amount{Unit::percent, 50}));
  EXPECT_EQ(parse_amount("100%"), (Amount{Unit::percent, 100}));
  EXPECT_EQ(parse_amount("8MiB"), (Amount{Unit::bytes, 8 << 20}));
  EXPECT_EQ(parse_amount("512KiB"), (Amount{Unit::bytes, 512 << 10}));
  EXPECT_EQ(parse_amount("1GiB"), (Amount{Unit::bytes, 1 << 30}));
  EXPECT_EQ(parse_amount("8MB"), (Amount{Unit::bytes, 8'000'000}));
  EXPECT_EQ(parse_amount("8kB"), (Amount{Unit::bytes, 8'000}));
  EXPECT_EQ(parse_amount("1GB"), (Amount{Unit::bytes, 1'000'000'000}));
  EXPECT_EQ(parse_amount("65536B"), (Amount{Unit::bytes, 65536}));
}

TEST(Amount, IsWrittenAsItCanBeReadAgain) {
  for (const char* text : {"4w", "50%", "8MiB", "512KiB", "3GiB", "8MB", "7kB", "1GB", "77B"}) {
    EXPECT_EQ(to_string(parse_amount(text)), text);
  }
  EXPECT_EQ(to_string(parse_amount("1024KiB")), "1MiB");
}

TEST(Amount, RefusesWithOneLineThatNamesTheTextAndWhatIsAllowed) {
  const std::string allowed =
      "; allowed are ways ('4w'), a share ('1%' to '100%') or a size ('8MiB'; B, kB, MB, GB, KiB, "
      "MiB, GiB)";
  const std::pair<std::string, std::string> cases[] = {
      {"", "it is empty"},
      {"0", "it is nothing"},
      {"0w", "it is nothing"},
      {"0%", "it is nothing"},
      {"0MiB", "it is nothing"},
      {"4", "it has no unit"},
      {"4x", "'x' is no unit"},
      {"4W", "'W' is no unit"},
      {"4M", "'M' is no unit"},
      {"4 w", "' w' is no unit"},
      {"1.5MiB", "'.5MiB' is no unit"},
      {"101%", "it is more than the whole"},
      {"65w", "no cache has more than 64 ways"},
      {"-1w", "it does not begin with a whole number"},
      {"+1w", "it does not begin with a whole number"},
      {" 4w", "it does not begin with a whole number"},
      {"w", "it does not begin with a whole number"},
      {"18446744073709551616w", "the number is too large"},
      {"99999999999GiB", "the number is too large"},
  };
  for (const auto& [text, why] : cases) {
    try {
      parse_amount(text);
      FAIL() << "accepted '" << text << "'";
    } catch (const Error& e) {
      EXPECT_EQ(e.message(), "'" + text + "' is not an amount of L3 cache: " + why + allowed);
    }
  }
}

TEST(Amount, KeepsTheLineWholeWhateverTheTextHolds) {
  try {
    parse_amount(std::string("4w\nerror: gone \x1b[2J") + std::string(500, 'z'));
    FAIL() << "no exception";
  } catch (const Error& e) {
    EXPECT_EQ(e.message().find('\n'), std::string::npos);
    EXPECT_EQ(e.message().find('\x1b'), std::string::npos);
    EXPECT_LT(e.message().size(), 300U);
  }
}

TEST(WaysOf, RoundsUpToAWay) {
  EXPECT_EQ(ways_of({Unit::percent, 50}, 11, 0), 6U);
  EXPECT_EQ(ways_of({Unit::percent, 1}, 20, 0), 1U);
  EXPECT_EQ(ways_of({Unit::percent, 100}, 11, 0), 11U);
  EXPECT_EQ(ways_of({Unit::ways, 4}, 11, 0), 4U);
  const uint64_t l3 = 28160 << 10;  // 11 ways of 2.5 MiB
  EXPECT_EQ(ways_of(parse_amount("1B"), 11, l3), 1U);
  EXPECT_EQ(ways_of(parse_amount("2560KiB"), 11, l3), 1U);
  EXPECT_EQ(ways_of(parse_amount("2561KiB"), 11, l3), 2U);
  EXPECT_EQ(ways_of(parse_amount("28160KiB"), 11, l3), 11U);
}

TEST(WaysOf, GivesTheWholeCacheForItsSizeEvenWhereWaysDoNotDivideIt) {
  EXPECT_EQ(ways_of({Unit::bytes, 1000}, 11, 1000), 11U);
  EXPECT_EQ(ways_of({Unit::bytes, 1001}, 11, 1000), 12U);
  EXPECT_EQ(ways_of({Unit::bytes, UINT64_MAX}, 11, 1000), UINT64_MAX / 90 + 1);
}

TEST(WaysOf, RefusesASizeOfACacheOfUnknownSize) {
  EXPECT_THROW(ways_of({Unit::bytes, 1}, 11, 0), Error);
}

}  // namespace
}  // namespace berth::rdt
