#include "bench/cache/figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/cache/report.h"

namespace berth::cache_bench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

CellResult cell(Condition condition, const std::vector<double>& nanoseconds, bool with_aggressor) {
  CellResult result;
  result.cell = {VictimKind::chase, condition, {}, 0};
  if (with_aggressor) {
    result.cell.aggressor = AggressorKind::read;
    result.cell.count = 2;
  }
  unsigned block = 0;
  for (const double time : nanoseconds) {
    Repetition one;
    one.block = block++;
    one.seed = 1;
    one.victim.nanoseconds = time;
    if (with_aggressor) one.aggressors = {{1000, 1.0}, {3000, 1.0}};
    result.repetitions.push_back(one);
  }
  return result;
}

Experiment measured() {
  Experiment experiment;
  // Each block is slower than the one before, whatever the condition.
  experiment.results = {cell(Condition::alone, {10, 20, 30}, false),
                        cell(Condition::alone_at_mask, {12, 24, 36}, false),
                        cell(Condition::shared, {30, 60, 90}, true),
                        cell(Condition::partitioned, {15, 30, 45}, true)};
  return experiment;
}

const CellFigures& of(const std::vector<CellFigures>& all, Condition condition) {
  return *std::ranges::find(all, condition,
                            [](const CellFigures& one) { return one.cell.condition; });
}

TEST(Figures, SlowdownsAreAgainstAloneBlockByBlock) {
  const auto all = figures_of(measured());
  EXPECT_EQ(of(all, Condition::alone).slowdown, (Estimate{1, 1, 1}));
  EXPECT_EQ(of(all, Condition::shared).slowdown, (Estimate{3, 3, 3}));
  EXPECT_EQ(of(all, Condition::partitioned).slowdown, (Estimate{1.5, 1.5, 1.5}));
  EXPECT_EQ(of(all, Condition::partitioned).slowdown_at_mask, (Estimate{1.25, 1.25, 1.25}));
  EXPECT_FALSE(of(all, Condition::shared).slowdown_at_mask);
}

TEST(Figures, EfficacyIsOfAPartitionAgainstItsOwnSharedCell) {
  const auto all = figures_of(measured());
  ASSERT_TRUE(of(all, Condition::partitioned).efficacy);
  EXPECT_NEAR(of(all, Condition::partitioned).efficacy->median, (60.0 - 30) / (60 - 24), 1e-9);
  EXPECT_FALSE(of(all, Condition::shared).efficacy);
  Experiment without = measured();
  without.results.erase(without.results.begin() + 2);
  EXPECT_FALSE(of(figures_of(without), Condition::partitioned).efficacy);
}

TEST(Figures, WithoutAloneThereIsNoSlowdown) {
  Experiment without = measured();
  without.results.erase(without.results.begin());
  EXPECT_FALSE(of(figures_of(without), Condition::shared).slowdown);
}

TEST(Figures, AggressorsRatesAreAdded) {
  EXPECT_EQ(of(figures_of(measured()), Condition::shared).aggressor_rate->median, 4000);
}

TEST(Figures, OfRequestsTheTailIsCompared) {
  Experiment experiment;
  for (const auto& [condition, tail] :
       {std::pair{Condition::alone, 100}, std::pair{Condition::shared, 700}}) {
    CellResult result = cell(condition, {10}, condition == Condition::shared);
    result.cell.victim = VictimKind::requests;
    result.repetitions[0].victim.latencies = {{50, 900}, {static_cast<uint64_t>(tail), 100}};
    result.repetitions[0].victim.saturated = condition == Condition::shared;
    experiment.results.push_back(result);
  }
  const auto all = figures_of(experiment);
  EXPECT_EQ(of(all, Condition::shared).slowdown->median, 7);
  EXPECT_EQ(of(all, Condition::shared).tail->p50.median, 50);
  EXPECT_EQ(of(all, Condition::shared).tail->p99.median, 700);
  EXPECT_EQ(of(all, Condition::shared).saturated, 1U);
}

TEST(Figures, DisturbedRepetitionsAreCountedAndKept) {
  Experiment experiment = measured();
  experiment.results[0].repetitions[1].victim.involuntary_switches = 1;
  experiment.results[0].repetitions[2].stolen_seconds = 0.01;
  const auto all = figures_of(experiment);
  EXPECT_EQ(of(all, Condition::alone).disturbed, 2U);
  EXPECT_EQ(of(all, Condition::alone).values.size(), 3U);
}

Report report() {
  Report report;
  report.command = "berth bench cache";
  report.experiment = measured();
  report.experiment.left_out = {{"other-socket", "there is one socket"}};
  report.settings.wanted.victims = {VictimKind::chase};
  report.change = "no occupancy";
  report.simulated.emplace();
  report.simulated->slowdowns.push_back(
      {VictimKind::chase, Condition::partitioned, AggressorKind::read, 2, 4, 0.1, 1.2});
  report.no_evidence_because = {"this is a test"};
  return report;
}

// Nobody shall take a simulated figure for a measured one: no figure stands outside of the two.
TEST(Report, EachFigureIsMeasuredOrSimulated) {
  const auto json = nlohmann::json::parse(to_json(report()));
  EXPECT_EQ(json.at("measured").at("cells").size(), 4U);
  EXPECT_EQ(json.at("simulated").at("slowdowns").size(), 1U);
  for (const auto& [key, value] : json.items()) {
    if (key == "measured" || key == "simulated") continue;
    EXPECT_THAT(value.dump(), Not(HasSubstr("slowdown"))) << key;
    EXPECT_THAT(value.dump(), Not(HasSubstr("_ns\":{"))) << key;
  }
  EXPECT_EQ(json.at("isolation_evidence"), false);
  EXPECT_EQ(json.at("left_out").size(), 2U);
}

TEST(Report, SaysFirstThatItIsNoEvidenceAndLastWhatIsLeftOut) {
  const std::string text = to_text(report());
  EXPECT_THAT(text, ::testing::StartsWith("NO EVIDENCE OF ISOLATION"));
  EXPECT_THAT(text, HasSubstr("this is a test"));
  EXPECT_THAT(text, HasSubstr("other-socket: there is one socket"));
  EXPECT_THAT(text, HasSubstr("measured: victim chase"));
  EXPECT_THAT(text, HasSubstr("\nsimulated ("));
  Report evidence = report();
  evidence.no_evidence_because.clear();
  EXPECT_THAT(to_text(evidence), Not(HasSubstr("NO EVIDENCE")));
  EXPECT_EQ(nlohmann::json::parse(to_json(evidence)).at("isolation_evidence"), true);
}

}  // namespace
}  // namespace berth::cache_bench
