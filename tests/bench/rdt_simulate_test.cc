// The simulation's own parts, and what must come out of it whatever the jobs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "bench/rdt_simulate/chart.h"
#include "bench/rdt_simulate/occupancy.h"
#include "bench/rdt_simulate/study.h"

namespace berth::rdt_simulate {
namespace {

using testing::ElementsAre;

Node node_of(const std::string& name) {
  const auto nodes = all_nodes();
  return *std::ranges::find(nodes, name, &Node::name);
}

Policy policy_of(const std::string& name, bool packing) {
  const auto policies = all_policies();
  return *std::ranges::find_if(policies, [&](const Policy& policy) {
    return policy.name == name && policy.rules.packing == packing;
  });
}

Mix without_sharers() {
  Mix mix;
  mix.shared = 0;
  return mix;
}

TEST(SimulatedNodes, GrantWhatIsNeitherForIoNorTheFloor) {
  EXPECT_EQ(node_of("2x11").grantable, 9U);
  EXPECT_EQ(node_of("2x20").grantable, 18U);
  EXPECT_EQ(node_of("2x20-c0001").grantable, 17U);
  EXPECT_EQ(node_of("8x16").grantable, 15U);
}

TEST(SimulatedCores, AreSideBySideBelowTheFullestL3ThatCanTakeThem) {
  Cores cores(2, 8);
  EXPECT_THAT(*cores.take(6), ElementsAre(Part{0, 0x3f}));
  EXPECT_THAT(*cores.take(2), ElementsAre(Part{0, 0xc0}));
  EXPECT_THAT(*cores.take(2), ElementsAre(Part{1, 0x3}));
  cores.give_back({{0, 0x0e}});
  // Three are free on either side, five on one: the hole of three.
  EXPECT_THAT(*cores.take(3), ElementsAre(Part{0, 0x0e}));
}

TEST(SimulatedCores, SpreadWhereNoL3HasAsMany) {
  Cores cores(3, 4);
  EXPECT_THAT(*cores.take(2), ElementsAre(Part{0, 0x3}));
  EXPECT_THAT(*cores.take(6), ElementsAre(Part{1, 0xf}, Part{2, 0x3}));
  EXPECT_EQ(cores.free(), 4U);
  EXPECT_EQ(cores.take(5), std::nullopt);
  EXPECT_EQ(cores.free(), 4U);
  EXPECT_THAT(*cores.take(4), ElementsAre(Part{0, 0xc}, Part{2, 0xc}));
}

TEST(SimulatedCores, BelowOneL3ThoughNotSideBySideRatherThanBelowTwo) {
  Cores cores(2, 4);
  cores.take(4), cores.take(4);
  cores.give_back({{0, 0x5}, {1, 0x8}});
  EXPECT_THAT(*cores.take(2), ElementsAre(Part{0, 0x5}));
}

TEST(SimulatedJobs, AreOfTheirSeed) {
  const Node node = node_of("2x11-mb");
  const auto jobs = make_jobs(node, {}, 0.8, 500, 3);
  EXPECT_EQ(jobs, make_jobs(node, {}, 0.8, 500, 3));
  EXPECT_NE(jobs, make_jobs(node, {}, 0.8, 500, 4));
}

TEST(SimulatedJobs, OfferTheLoadAndNothingElseChangesWithIt) {
  const Node node = node_of("8x16");
  const auto light = make_jobs(node, {}, 0.5, 2000, 1);
  auto heavy = make_jobs(node, {}, 1.5, 2000, 1);
  double core_hours = 0;
  for (const Job& job : heavy) core_hours += job.cores * job.hours;
  EXPECT_NEAR(core_hours / (heavy.back().arrival * node.cores()), 1.5, 1e-9);
  for (size_t i = 0; i < heavy.size(); ++i) {
    EXPECT_NEAR(heavy[i].arrival * 3, light[i].arrival, 1e-6 * light[i].arrival);
    heavy[i].arrival = light[i].arrival;
  }
  EXPECT_EQ(heavy, light);
}

TEST(SimulatedJobs, NeverAskForMoreThanAnEmptyNodeGrants) {
  for (const Node& node : all_nodes()) {
    const Asking asking(node, policy_of("best-fit", false));
    bool spans = false, shares = false, limits = false, no_wish = false;
    for (const Job& job : make_jobs(node, {}, 1, 3000, 1)) {
      Cores cores(node.shape.domains.size(), node.cores_per_l3);
      const auto parts = cores.take(job.cores);
      ASSERT_TRUE(parts) << node.name << ": " << job.cores;
      spans |= parts->size() > 1, shares |= job.shared, limits |= job.bandwidth.has_value();
      no_wish |= !job.ways;
      if (!job.ways) continue;
      const rdt::Wish wish = wish_of(job, node, *parts);
      const auto answer =
          rdt::allocate(asking.capability(), {}, {}, "job_1", "job", wish, node.shape.rules);
      ASSERT_TRUE(std::holds_alternative<rdt::Grant>(answer))
          << node.name << ": " << wish.asked << ": " << std::get<rdt::Refusal>(answer).reason;
    }
    EXPECT_TRUE(spans && shares && no_wish) << node.name;
    EXPECT_EQ(limits, node.shape.bandwidth) << node.name;
  }
}

TEST(SimulatedJobs, OfTheSmallMixHaveUpToFourCores) {
  const auto jobs = make_jobs(node_of("8x16"), small_jobs(), 1, 300, 1);
  EXPECT_EQ(std::ranges::max(jobs, {}, &Job::cores).cores, 4U);
}

// A layout with a hole of four ways, from way 1, and above it one of two.
class TwoHoles : public testing::Test {
 protected:
  TwoHoles() {
    for (const unsigned ways : {1U, 4U, 1U, 2U, 1U}) give(ways);
    layout_ = layout_.without("job_1").without("job_3");
  }

  rdt::Wish wish(unsigned ways) const {
    rdt::Wish wish;
    wish.caches.l3 = rdt::CacheWish{rdt::Amount{rdt::Amount::Unit::ways, ways}, {}, {}};
    wish.domains.l3 = {{0, 0, 1, 20}};
    return wish;
  }
  void give(unsigned ways) {
    auto answer = rdt::allocate(node_.capability(), layout_, {}, "job_" + std::to_string(given_++),
                                "job", wish(ways), {});
    layout_ = std::get<rdt::Grant>(std::move(answer)).layout;
  }
  rdt::WayMask placed(const std::string& policy, unsigned ways) const {
    const Asking asking(node_, policy_of(policy, true));
    const Question question = asking.question(layout_, wish(ways));
    const auto answer = rdt::allocate(*question.capability, layout_, question.foreign, "new", "job",
                                      wish(ways), asking.policy().rules);
    const auto* grant = std::get_if<rdt::Grant>(&answer);
    return grant == nullptr ? rdt::WayMask() : grant->layout.group_of("new")->slots.l3[0].ways;
  }

  const Node node_ = node_of("2x20");
  rdt::Layout layout_;
  unsigned given_ = 0;
};

TEST_F(TwoHoles, FirstFitTakesTheLowestAndBestFitTheSmallest) {
  EXPECT_EQ(placed("first-fit", 2), rdt::WayMask(0x6));
  EXPECT_EQ(placed("best-fit", 2), rdt::WayMask(0xc0));
  EXPECT_EQ(placed("first-fit", 9), placed("best-fit", 9));  // at the default group's low end
}

TEST_F(TwoHoles, AreARefusalForFragmentationWithoutCompaction) {
  EXPECT_EQ(placed("first-fit", 12), rdt::WayMask());
  EXPECT_EQ(placed("best-fit", 12), rdt::WayMask());
  EXPECT_EQ(placed("best-fit+compaction", 12).count(), 12U);
  const rdt::Rules rules = policy_of("best-fit", true).rules;
  EXPECT_EQ(reason_of(node_.capability(), layout_, wish(12), rules), Reason::fragmentation);
  EXPECT_EQ(reason_of(node_.capability(), layout_, wish(16), rules), Reason::ways);
  rdt::Capability few = node_.capability();
  few.max_groups = 3;
  EXPECT_EQ(reason_of(few, layout_, wish(2), rules), Reason::groups);
}

Figures figures_of(const std::string& node_name, const std::string& policy, bool packing,
                   const Mix& mix, double load = 1) {
  const Node node = node_of(node_name);
  return replay(node, policy_of(policy, packing), make_jobs(node, mix, load, 2100, 1), 100).figures;
}

// No obstacle but sharers' ways is in the middle of these nodes' masks.
TEST(SimulatedReplay, WithCompactionAndWithoutSharersNobodyIsRefusedForFragmentation) {
  for (const char* node : {"2x11", "2x20", "2x20-c0001", "8x16"}) {
    const Figures best = figures_of(node, "best-fit", true, without_sharers());
    const Figures compacted = figures_of(node, "best-fit+compaction", true, without_sharers());
    EXPECT_GT(best.refused.fragmentation, 0U) << node;
    EXPECT_EQ(best.moves, 0U) << node;
    EXPECT_EQ(compacted.refused.fragmentation, 0U) << node;
    EXPECT_GT(compacted.moves, 0U) << node;
  }
}

TEST(SimulatedReplay, CompactionGrantsWhatMasksWithHolesWould) {
  const Figures moved = figures_of("8x16", "best-fit+compaction", false, without_sharers());
  const Figures sparse = figures_of("8x16-sparse", "best-fit", false, without_sharers());
  EXPECT_EQ(moved.refused, sparse.refused);
  EXPECT_EQ(moved.idle_ways, sparse.idle_ways);
  EXPECT_GT(moved.stranded_ways, 0);
  EXPECT_EQ(sparse.stranded_ways, 0);
}

TEST(SimulatedReplay, PackingIsForWantOfGroups) {
  const Figures apart = figures_of("2x11-mb", "best-fit", false, small_jobs());
  const Figures packed = figures_of("2x11-mb", "best-fit", true, small_jobs());
  EXPECT_EQ(apart.most_groups, 7U);
  EXPECT_EQ(apart.packed, 0U);
  EXPECT_GT(packed.packed, 0U);
  EXPECT_LT(2 * packed.refused.groups, apart.refused.groups);
}

TEST(SimulatedReplay, CountsEveryJobOnce) {
  const Figures figures = figures_of("2x11", "first-fit", true, {});
  Mix without_wish;
  without_wish.no_wish = 100;
  const Figures idle = figures_of("2x11", "first-fit", true, without_wish, 0.1);
  EXPECT_EQ(figures.jobs, 2000U);
  EXPECT_LT(figures.asked + figures.no_cores, 2000U);
  EXPECT_LT(figures.refused.all(), figures.asked);
  EXPECT_GE(figures.ways_refused, figures.refused.all());
  EXPECT_LT(figures.ways_refused, figures.ways_asked);
  EXPECT_GT(figures.checks, 20U);
  EXPECT_EQ(idle.asked, 0U);
  EXPECT_EQ(idle.idle_ways, 9);
  EXPECT_EQ(idle.default_ways, 11);
  EXPECT_NEAR(idle.cores_busy, 0.1, 0.05);
}

TEST(SimulatedStudy, IsTheSameWithMoreThreads) {
  Plan plan;
  plan.nodes = {node_of("2x11"), node_of("8x16")};
  plan.loads = {0.5, 1.5};
  plan.jobs = 300;
  const Study one = run(plan);
  plan.threads = 3;
  const Study three = run(plan);
  ASSERT_EQ(one.rows.size(), 24U);
  EXPECT_EQ(svg_of(one), svg_of(three));
  for (size_t i = 0; i < one.rows.size(); ++i) {
    EXPECT_EQ(one.rows[i].outcome.figures, three.rows[i].outcome.figures);
  }
}

TEST(TimeMean, WeighsByTimeFromItsBegin) {
  TimeMean mean;
  mean.set(1, 5);
  mean.begin(10);
  mean.set(13, 1);
  EXPECT_DOUBLE_EQ(mean.mean(14), (3 * 5 + 1 * 1) / 4.0);
}

TEST(Batches, AreAsSureAsTheyAgree) {
  Batches alike(200), apart(200);
  for (size_t job = 0; job < 200; ++job) {
    alike.add(job, job % 2 == 0);
    apart.add(job, job < 100);
  }
  EXPECT_NEAR(alike.margin(), 0, 1e-9);
  // Ten batches of 1 and ten of 0: t(19) * sqrt(10 * 0.25 * 2 / 19 / 20).
  EXPECT_NEAR(apart.margin(), 2.093 * 0.11471, 1e-3);
}

}  // namespace
}  // namespace berth::rdt_simulate
