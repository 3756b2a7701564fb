#include "launcher/top_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace berth::launcher {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TopRow row(const std::string& who, unsigned cache) {
  TopRow row;
  row.kind = HolderKind::claim;
  row.name = row.purpose = who;
  row.cache = cache;
  row.whole = {10 << 20, 10};
  row.part = {4, "0-3"};
  row.occupancy = 5 << 20;
  row.local_rate = 1536.0;
  row.all_rate = 3.0 * (1 << 30);
  return row;
}

TEST(TopTable, ColumnsUnderTheirHeading) {
  TopRow none;
  none.purpose = "default group";
  none.cache = 1;
  EXPECT_THAT(
      top_table({row("job 12", 0), none}),
      ElementsAre(
          "HOLDER         L3  WAYS  CPUS  OCCUPANCY   %                  LOCAL      TOTAL",
          "job 12          0  4/10  0-3     5.0 MiB  50  #####.....  1.5 KiB/s  3.0 GiB/s  "
          "##########",
          "default group   1     -  -             -   -                      -          -"));
}

TEST(TopTable, WithoutRowsAHeadingIsLeft) {
  EXPECT_EQ(top_table({}).size(), 1U);
}

TEST(TopTable, ANarrowTerminalHasFewerColumns) {
  const auto lines = top_table({row("job 12", 0)}, 60);
  EXPECT_THAT(lines[0], AllOf(HasSubstr("OCCUPANCY"), HasSubstr("LOCAL"), HasSubstr("TOTAL")));
  EXPECT_THAT(lines[1], Not(HasSubstr("#")));
  EXPECT_THAT(top_table({row("job 12", 0)}, 30)[0],
              AllOf(HasSubstr("TOTAL"), Not(HasSubstr("OCCUPANCY"))));
  for (size_t width = 1; width < 120; ++width) {
    EXPECT_THAT(top_table({row("a job with a long name", 0)}, width),
                Each(testing::SizeIs(testing::Le(width))));
  }
}

TEST(TopTable, NamesDoNotReachTheTerminalAsTheyAre) {
  EXPECT_THAT(top_table({row("evil\033[2J", 0)})[1], Not(HasSubstr("\033")));
}

TEST(TopTable, OccupancyBeyondTheCacheIsAFullBar) {
  TopRow full = row("job 12", 0);
  full.occupancy = 12 << 20;
  EXPECT_THAT(top_table({full})[1], HasSubstr("120  ##########  "));
}

TEST(TopFrame, SaysHowManyLinesAreMissing) {
  const std::vector<TopRow> rows(10, row("job 12", 0));
  const std::string frame = top_frame(rows, "title", 200, 6);
  EXPECT_EQ(std::ranges::count(frame, '\n'), 5) << "title and five lines";
  EXPECT_THAT(frame, HasSubstr("... and 7 more"));
  EXPECT_EQ(std::ranges::count(top_frame(rows, "title", 200, 12), '\n'), 11);
  EXPECT_THAT(top_frame(rows, "title", 200, 12), Not(HasSubstr("more")));
  for (const size_t height : {0, 1, 2}) EXPECT_NE(top_frame(rows, "title", 1, height), "");
}

TEST(TopJson, OneLineWithNullForNoFigure) {
  TopSample now;
  TopRow bare = row("job 12", 0);
  bare.all_rate.reset();
  const std::string text = top_json(nullptr, now, {bare});
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const auto json = nlohmann::json::parse(text);
  EXPECT_TRUE(json.at("interval").is_null());
  const auto& only = json.at("rows").at(0);
  EXPECT_EQ(only.at("holder"), "job 12");
  EXPECT_EQ(only.at("kind"), "claim");
  EXPECT_EQ(only.at("occupancyBytes"), 5 << 20);
  EXPECT_EQ(only.at("localBytesPerSecond"), 1536.0);
  EXPECT_TRUE(only.at("totalBytesPerSecond").is_null());
}

}  // namespace
}  // namespace berth::launcher
