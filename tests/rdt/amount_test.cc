#include "rdt/amount.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/message_of.h"

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
  EXPECT_EQ(parse_amount("auto"), (Amount{Unit::automatic, 0}));
}

TEST(Amount, IsWrittenAsItCanBeReadAgain) {
  for (const char* text :
       {"4w", "50%", "8MiB", "512KiB", "3GiB", "8MB", "7kB", "1GB", "77B", "auto"}) {
    EXPECT_EQ(to_string(parse_amount(text)), text);
  }
  EXPECT_EQ(to_string(parse_amount("1024KiB")), "1MiB");
}

TEST(Amount, RefusesWithOneLineThatNamesTheTextAndWhatIsAllowed) {
  const std::string allowed =
      "; allowed are ways ('4w'), a share ('1%' to '100%'), a size ('8MiB'; B, kB, MB, GB, KiB, "
      "MiB, GiB) or 'auto'";
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
      {"Auto", "it does not begin with a whole number"},
      {"18446744073709551616w", "the number is too large"},
      {"99999999999GiB", "the number is too large"},
  };
  for (const auto& [text, why] : cases) {
    try {
      parse_amount(text);
      FAIL() << "accepted '" << text << "'";
    } catch (const Error& e) {
      EXPECT_EQ(e.message(), "'" + text + "' is not an amount of cache: " + why + allowed);
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

uint64_t ways(std::string_view amount, unsigned all, uint64_t bytes) {
  return ways_of(parse_amount(amount), all, all, DomainShare{0, bytes, 1, 1});
}

TEST(WaysOf, RoundsUpToAWay) {
  EXPECT_EQ(ways("50%", 11, 0), 6U);
  EXPECT_EQ(ways("1%", 20, 0), 1U);
  EXPECT_EQ(ways("100%", 11, 0), 11U);
  EXPECT_EQ(ways("4w", 11, 0), 4U);
  const uint64_t l3 = 28160 << 10;  // 11 ways of 2.5 MiB
  EXPECT_EQ(ways("1B", 11, l3), 1U);
  EXPECT_EQ(ways("2560KiB", 11, l3), 1U);
  EXPECT_EQ(ways("2561KiB", 11, l3), 2U);
  EXPECT_EQ(ways("28160KiB", 11, l3), 11U);
}

TEST(WaysOf, GivesTheWholeCacheForItsSizeEvenWhereWaysDoNotDivideIt) {
  EXPECT_EQ(ways("1000B", 11, 1000), 11U);
  EXPECT_EQ(ways("1001B", 11, 1000), 12U);
  EXPECT_EQ(ways("18446744073709551615B", 11, 1000), UINT64_MAX / 90 + 1);
}

TEST(WaysOf, RefusesASizeOfACacheOfUnknownSize) {
  EXPECT_THROW(ways("1B", 11, 0), Error);
}

TEST(WaysOf, AutoIsTheCpusShareOfWhatCanBeHandedOutRoundedDown) {
  const auto of = [](unsigned grantable, unsigned cpus, unsigned all) {
    return ways_of({Unit::automatic, 0}, 11, grantable, DomainShare{0, 0, cpus, all});
  };
  EXPECT_EQ(of(8, 4, 8), 4U);
  EXPECT_EQ(of(8, 3, 8), 3U);
  EXPECT_EQ(of(8, 8, 8), 8U);
  EXPECT_EQ(of(9, 5, 6), 7U) << "7.5";
  EXPECT_EQ(of(8, 1, 16), 0U) << "less than a way";
  EXPECT_EQ(of(8, 0, 0), 8U) << "nothing is known of the CPUs";
}

using Rate = Bandwidth::Unit;

TEST(BandwidthText, ReadsSharesAndRates) {
  EXPECT_EQ(parse_bandwidth("50%"), (Bandwidth{Rate::percent, 50}));
  EXPECT_EQ(parse_bandwidth("12GBps"), (Bandwidth{Rate::bytes_per_second, 12'000'000'000}));
  EXPECT_EQ(parse_bandwidth("800MBps"), (Bandwidth{Rate::bytes_per_second, 800'000'000}));
  EXPECT_EQ(parse_bandwidth("800MiBps"), (Bandwidth{Rate::bytes_per_second, 800 << 20}));
  EXPECT_EQ(parse_bandwidth("1GiBps"), (Bandwidth{Rate::bytes_per_second, 1 << 30}));
  for (const char* text : {"50%", "12GBps", "800MBps", "800MiBps", "3GiBps"}) {
    EXPECT_EQ(to_string(parse_bandwidth(text)), text);
  }
}

TEST(BandwidthText, RefusesWithOneLineThatNamesTheTextAndWhatIsAllowed) {
  const std::string allowed =
      "; allowed are a share ('1%' to '100%') or a rate ('8GBps'; MBps, GBps, MiBps, GiBps)";
  const std::pair<std::string, std::string> cases[] = {
      {"", "it is empty"},
      {"0%", "it is nothing"},
      {"101%", "it is more than the whole"},
      {"50", "it has no unit"},
      {"4w", "'w' is no unit"},
      {"8GB", "'GB' is no unit"},
      {"8gbps", "'gbps' is no unit"},
      {"auto", "it does not begin with a whole number"},
      {"18446744073709551616%", "the number is too large"},
      {"99999999999GiBps", "the number is too large"},
  };
  for (const auto& [text, why] : cases) {
    EXPECT_EQ(test::message_of([&] { (void)parse_bandwidth(text); }),
              "'" + text + "' is not a memory bandwidth: " + why + allowed);
  }
}

TEST(BandwidthFigure, IsRoundedUpToTheHardwaresStepsAndNeverUnderItsLeast) {
  const BandwidthCapability intel{BandwidthCapability::Unit::percent, 10, 10, 100, 8, {0}};
  EXPECT_EQ(figure_of(parse_bandwidth("41%"), intel), 50U);
  EXPECT_EQ(figure_of(parse_bandwidth("50%"), intel), 50U);
  EXPECT_EQ(figure_of(parse_bandwidth("1%"), intel), 10U);
  EXPECT_EQ(figure_of(parse_bandwidth("95%"), intel), 100U);
  const BandwidthCapability amd{BandwidthCapability::Unit::eighth_gb, 0, 1, 2048, 16, {0}};
  EXPECT_EQ(figure_of(parse_bandwidth("2GBps"), amd), 16U);
  EXPECT_EQ(figure_of(parse_bandwidth("2001MBps"), amd), 17U);
  EXPECT_EQ(figure_of(parse_bandwidth("1MBps"), amd), 1U);
  EXPECT_EQ(figure_of(parse_bandwidth("999GBps"), amd), 2048U);
  const BandwidthCapability mib{BandwidthCapability::Unit::mib, 10, 1, UINT32_MAX, 8, {0}};
  EXPECT_EQ(figure_of(parse_bandwidth("800MiBps"), mib), 800U);
  EXPECT_EQ(figure_of(parse_bandwidth("1MBps"), mib), 10U);
}

TEST(BandwidthFigure, OfTheOtherUnitIsRefused) {
  const BandwidthCapability intel{BandwidthCapability::Unit::percent, 10, 10, 100, 8, {0}};
  const BandwidthCapability amd{BandwidthCapability::Unit::eighth_gb, 0, 1, 2048, 16, {0}};
  EXPECT_EQ(test::message_of([&] { (void)figure_of(parse_bandwidth("8GBps"), intel); }),
            "this node's memory bandwidth is limited by shares ('50%'), not by rates");
  EXPECT_EQ(test::message_of([&] { (void)figure_of(parse_bandwidth("50%"), amd); }),
            "this node's memory bandwidth is limited by rates ('8GBps'), not by shares");
}

}  // namespace
}  // namespace berth::rdt
