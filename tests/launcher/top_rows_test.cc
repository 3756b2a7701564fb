#include "launcher/top_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "launcher/node_facts.h"
#include "launcher/top_reading.h"
#include "tests/launcher/node_of_claims.h"
#include "tests/support/message_of.h"

namespace berth::launcher {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

TopHolder claim(const std::string& name, std::vector<Counter> counters) {
  return {{HolderKind::claim, name, "job " + name.substr(4), std::move(counters)}, {}};
}

Counter counter(const std::string& monitor, uint64_t occupancy, std::optional<uint64_t> total,
                std::optional<uint64_t> local = {}) {
  return {"berth_1", monitor, {{0, occupancy, total, local}}};
}

TopSample at(int ms, std::vector<TopHolder> holders) {
  TopSample sample;
  sample.at += milliseconds(ms);
  sample.caches[0] = {8 << 20, 8};
  sample.holders = std::move(holders);
  return sample;
}

TEST(TopRows, ARateIsTheDifferenceByTheTimeBetween) {
  const TopSample before = at(0, {claim("job_1", {counter("job_1", 100, 1000, 500)})});
  const TopSample now = at(500, {claim("job_1", {counter("job_1", 1 << 20, 3000, 600)})});
  const auto rows = top_rows(&before, now);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].purpose, "job 1");
  EXPECT_EQ(rows[0].occupancy, 1U << 20);
  EXPECT_EQ(rows[0].occupied(), 0.125);
  EXPECT_EQ(rows[0].all_rate, 4000.0);
  EXPECT_EQ(rows[0].local_rate, 200.0);
}

TEST(TopRows, TheFirstReadingHasNoRates) {
  const auto rows = top_rows(nullptr, at(0, {claim("job_1", {counter("job_1", 100, 1000)})}));
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].occupancy, 100U);
  EXPECT_EQ(rows[0].all_rate, std::nullopt);
}

TEST(TopRows, StepsAreCountedWithTheirClaim) {
  const TopSample before =
      at(0, {claim("job_1", {counter("job_1", 1, 1000), counter("job_1.0", 2, 500)})});
  const TopSample now =
      at(1000, {claim("job_1", {counter("job_1", 1, 1100), counter("job_1.0", 2, 700),
                                counter("job_1.1", 4, 40)})});
  const auto rows = top_rows(&before, now);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].occupancy, 7U);
  EXPECT_EQ(rows[0].all_rate, 340.0) << "a step that came meanwhile counted from 0";
}

TEST(TopRows, AStepThatEndedMakesNoRateNegative) {
  const TopSample before =
      at(0, {claim("job_1", {counter("job_1", 1, 10), counter("job_1.0", 2, 5000)})});
  const TopSample now = at(1000, {claim("job_1", {counter("job_1", 1, 30)})});
  EXPECT_EQ(top_rows(&before, now).at(0).all_rate, 20.0);
}

TEST(TopRows, NoRateWhereACounterWentBackwards) {
  const TopSample before = at(0, {claim("job_1", {counter("job_1", 1, 1000, 10)})});
  const TopSample now = at(1000, {claim("job_1", {counter("job_1", 1, 999, 11)})});
  const auto rows = top_rows(&before, now);
  EXPECT_EQ(rows.at(0).all_rate, std::nullopt);
  EXPECT_EQ(rows.at(0).local_rate, 1.0);
}

TEST(TopRows, NoSumWhereAPartHasNoFigure) {
  Counter unavailable{"berth_1", "job_1.0", {{0, {}, {}, {}}}};
  const TopSample before = at(0, {claim("job_1", {counter("job_1", 1, 1000), unavailable})});
  const TopSample now = at(1000, {claim("job_1", {counter("job_1", 1, 2000), unavailable})});
  const auto rows = top_rows(&before, now);
  EXPECT_EQ(rows.at(0).occupancy, std::nullopt);
  EXPECT_EQ(rows.at(0).all_rate, std::nullopt);
  const TopSample later =
      at(2000, {claim("job_1", {counter("job_1", 1, 2500), counter("job_1.0", 1, 7)})});
  EXPECT_EQ(top_rows(&now, later).at(0).all_rate, std::nullopt)
      << "what it counted before is not known";
}

TEST(TopRows, AClaimThatIsNewOrGone) {
  const TopSample before = at(0, {claim("job_1", {counter("job_1", 1, 1000)})});
  const TopSample now = at(1000, {claim("job_2", {counter("job_2", 1, 5000)})});
  const auto rows = top_rows(&before, now);
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].name, "job_2");
  EXPECT_EQ(rows[0].all_rate, std::nullopt);
}

TEST(TopRows, ACacheWithoutCpusAndFiguresIsNotShown) {
  TopHolder holder =
      claim("job_1", {{"berth_1", "job_1", {{0, 0, 0, 0}, {1, 0, 0, 0}, {2, 0, 3, 0}}}});
  holder.parts[1] = {4, "8-9"};
  std::vector<unsigned> caches;
  for (const TopRow& row : top_rows(nullptr, at(0, {holder}))) caches.push_back(row.cache);
  EXPECT_THAT(caches, ElementsAre(1, 2)) << "CPUs in one; traffic of earlier in another";
}

TEST(TopRows, Order) {
  std::vector<TopRow> rows(4);
  rows[0] = {HolderKind::rest, "", "default group", 0, {}, {}, 900, {}, 10.0};
  rows[1] = {HolderKind::claim, "job_1", "job 1", 0, {}, {}, 100, {}, 10.0};
  rows[2] = {HolderKind::claim, "job_2", "job 2", 1, {}, {}, 500, {}, 20.0};
  rows[3] = {HolderKind::foreign, "COS1", "COS1", 0, {}, {}, {}, {}, {}};
  const auto names = [&](TopOrder order) {
    sort_rows(rows, order);
    std::vector<std::string> sorted;
    for (const TopRow& row : rows) sorted.push_back(row.purpose);
    return sorted;
  };
  EXPECT_THAT(names(TopOrder::bandwidth), ElementsAre("job 2", "job 1", "default group", "COS1"));
  EXPECT_THAT(names(TopOrder::occupancy), ElementsAre("default group", "job 2", "job 1", "COS1"));
  EXPECT_THAT(names(TopOrder::name), ElementsAre("COS1", "job 1", "job 2", "default group"));
}

class CountersOfATree : public testing::Test {
 protected:
  test::NodeOfClaims node_;
  TopSample sample() {
    const NodeFacts facts = node_.facts();
    return top_sample(facts, read_counters(node_.resctrl(), facts.layout));
  }
};

TEST_F(CountersOfATree, EachHolderHasItsRow) {
  node_.add_claim("job_1", "0-3", "4w");
  node_.tree().add_stranger("COS7", "L3:0=7ff;1=7ff\n");
  node_.count("berth_1/mon_groups/job_1/mon_data/mon_L3_00", 1 << 20, 1000, 900);
  node_.count("berth_1/mon_groups/job_1.0/mon_data/mon_L3_00", 1 << 20, 500, 400);
  node_.count("berth_1/mon_groups/job_11/mon_data/mon_L3_00", 1 << 20, 9, 9);
  node_.count("COS7/mon_data/mon_L3_00", 4096, 7, 7);
  node_.count("mon_data/mon_L3_00", 5 << 20, 9000, 9000);
  node_.count("mon_data/mon_L3_01", 6 << 20, 9000, 9000);
  const TopSample before = sample();
  node_.count("berth_1/mon_groups/job_1.0/mon_data/mon_L3_00", 2 << 20, 1500, 1400);
  TopSample now = sample();
  now.at = before.at + milliseconds(1000);
  auto rows = top_rows(&before, now);
  sort_rows(rows, TopOrder::name);
  ASSERT_EQ(rows.size(), 5U);
  EXPECT_EQ(rows[0].purpose, "COS7");
  EXPECT_EQ(rows[0].part.ways, 11U);
  EXPECT_EQ(rows[2].purpose, "job 1");
  EXPECT_EQ(rows[2].occupancy, 3U << 20);
  EXPECT_EQ(rows[2].all_rate, 1000.0);
  EXPECT_EQ(rows[2].part, (TopPart{4, "0-3"}));
  EXPECT_EQ(rows[2].whole.ways, 11U);
  EXPECT_EQ(rows[3].purpose, "default group");
  EXPECT_EQ(rows[3].occupancy, 5U << 20);
  EXPECT_EQ(rows[3].part.ways, 7U);
  EXPECT_EQ(rows[4].cache, 1U);
  EXPECT_EQ(rows[4].part.ways, 11U);
}

TEST_F(CountersOfATree, AnUnmonitoredClaimHasItsGroupsFiguresWhereItIsAlone) {
  node_.add_claim("job_1", "0-3", "4w");
  std::filesystem::remove_all(node_.tree().path() + "/resctrl/berth_1/mon_groups");
  node_.count("berth_1/mon_data/mon_L3_00", 77, 1, 1);
  const auto rows = top_rows(nullptr, sample());
  EXPECT_EQ(rows.at(0).occupancy, 77U);
}

// CAT without monitoring: there are ways to show, and no figure.
TEST(TopReading, OfANodeThatCountsNothingIsAnError) {
  rdt::ResctrlTree::Options options;
  options.monitor = false;
  test::NodeOfClaims node(options);
  node.add_claim("job_1", "0-3", "4w");
  EXPECT_EQ(
      test::message_of([&] { (void)read_top(node.machine(), &node.claims(), &node.resctrl()); }),
      "this node's resctrl counts neither occupancy nor bandwidth: berth show has the ways, "
      "berth doctor the reason");
  EXPECT_THAT(draw(node.facts()), testing::HasSubstr("job 1"));
  EXPECT_EQ(test::message_of([&] { (void)read_top(node.machine(), nullptr, nullptr); }),
            "no RDT on this node: resctrl is not mounted at /sys/fs/resctrl (berth doctor)");
}

}  // namespace
}  // namespace berth::launcher
