#include "launcher/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::launcher {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

topology::Machine two_sockets() {
  return topology::Machine::synthetic("pack:2 [numa] l3:1(indexes=0,1 size=11MiB) core:2 pu:1");
}

RdtFacts free_rdt() {
  RdtFacts facts;
  rdt::L3Capability l3;
  l3.full = rdt::WayMask(0x7ff);
  l3.shareable = rdt::WayMask(0x600);
  l3.num_closids = 16;
  l3.domains = {0, 1};
  facts.capability.l3 = l3;
  facts.capability.max_groups = 7;
  facts.original.resources["L3"] = {{0, 0x7ff}, {1, 0x7ff}};
  return facts;
}

Request wish(const char* l3) {
  Request request;
  request.claim = "job_1";
  request.l3 = rdt::parse_amount(l3);
  return request;
}

TEST(MakePlan, AsksForTheDomainsOfTheCpusAlone) {
  const auto outcome = make_plan(two_sockets(), free_rdt(), {}, wish("50%"), {2, 3}, false);
  const Plan& plan = std::get<Plan>(outcome);
  ASSERT_TRUE(plan.l3 && plan.grant);
  EXPECT_EQ(plan.l3->domains, (std::map<unsigned, uint64_t>{{1, 11U << 20}}));
  EXPECT_EQ(plan.grant->ways, (std::map<unsigned, unsigned>{{1, 6}}));
  EXPECT_EQ(plan.grant->default_group.at(0), rdt::WayMask(0x7ff)) << "socket 0 is not touched";
  EXPECT_EQ(plan.job.cpus, "2-3");
  EXPECT_EQ(plan.job.mems, "1");
}

TEST(MakePlan, ThePolicysFloorStaysWithTheDefaultGroup) {
  Policy policy;
  policy.l3_floor_ways = 4;
  auto outcome = make_plan(two_sockets(), free_rdt(), policy, wish("7w"), {0}, false);
  EXPECT_EQ(std::get<Plan>(outcome).l3_floor, 4U);
  outcome = make_plan(two_sockets(), free_rdt(), policy, wish("8w"), {0}, false);
  EXPECT_EQ(std::get<rdt::Refusal>(outcome).reason,
            "--l3=8w refused: L3 0: 8 of 11 ways asked, 7 free (default keeps 4)");
}

TEST(MakePlan, SharedWaysStayWithTheDefaultGroupToo) {
  Request request = wish("50%");
  request.l3_shared = true;
  const auto plan = std::get<Plan>(make_plan(two_sockets(), free_rdt(), {}, request, {0}, false));
  ASSERT_TRUE(plan.l3 && plan.grant);
  EXPECT_TRUE(plan.l3->shared);
  EXPECT_TRUE(plan.grant->default_group.empty() ||
              plan.grant->default_group.at(0) == rdt::WayMask(0x7ff));
}

TEST(MakePlan, AnRdtThatCannotDivideL3IsNone) {
  RdtFacts facts = free_rdt();
  facts.capability.l3.reset();
  auto outcome = make_plan(two_sockets(), facts, {}, wish("2w"), {0}, false);
  EXPECT_THAT(std::get<Plan>(outcome).warnings,
              ElementsAre("this node's RDT cannot partition L3: --l3=2w is ignored"));
  facts.capability.cdp = true;
  outcome = make_plan(two_sockets(), facts, {}, wish("2w"), {0}, false);
  EXPECT_THAT(std::get<Plan>(outcome).warnings,
              ElementsAre("resctrl is mounted with cdp, which --l3 does not divide: --l3=2w is "
                          "ignored"));
}

TEST(MakePlan, WithoutRdtThePolicyDecides) {
  Policy policy;
  auto outcome = make_plan(two_sockets(), std::nullopt, policy, wish("50%"), {0}, false);
  const Plan& plan = std::get<Plan>(outcome);
  EXPECT_FALSE(plan.l3);
  EXPECT_THAT(plan.warnings,
              ElementsAre("no RDT on this node (resctrl is not mounted at /sys/fs/resctrl): "
                          "--l3=50% is ignored"));
  policy.l3_missing = WhenMissing::fail;
  outcome = make_plan(two_sockets(), std::nullopt, policy, wish("50%"), {0}, false);
  EXPECT_EQ(std::get<rdt::Refusal>(outcome).reason,
            "--l3=50% refused: no RDT on this node (resctrl is not mounted at /sys/fs/resctrl)");
}

TEST(MakePlan, ACacheWithoutAnIdIsRefused) {
  const auto machine = topology::Machine::synthetic("pack:2 l3:1 core:4 pu:1");
  const auto outcome = make_plan(machine, free_rdt(), {}, wish("2w"), {0}, false);
  EXPECT_THAT(std::get<rdt::Refusal>(outcome).reason, HasSubstr("no cache id"));
}

TEST(MakePlan, CpusWithoutAnL3AreRefused) {
  const auto machine = topology::Machine::synthetic("pack:1 core:4 pu:1");
  const auto outcome = make_plan(machine, free_rdt(), {}, wish("2w"), {0}, false);
  EXPECT_EQ(std::get<rdt::Refusal>(outcome).reason, "--l3=2w refused: CPUs 0 share no L3 cache");
}

TEST(MakePlan, SlurmsCgroupIsLeftAloneAndOthersAreMade) {
  Request request;
  request.job_memory = 1 << 30;
  Policy policy;
  EXPECT_FALSE(std::get<Plan>(make_plan(two_sockets(), {}, policy, request, {0}, true)).own_cgroup);
  const auto own = std::get<Plan>(make_plan(two_sockets(), {}, policy, request, {0}, false));
  EXPECT_TRUE(own.own_cgroup);
  EXPECT_EQ(own.job.memory_bytes, 1 << 30);
  policy.cgroup = CgroupMode::own;
  policy.job_pids = 77;
  const auto forced = std::get<Plan>(make_plan(two_sockets(), {}, policy, request, {0}, true));
  EXPECT_TRUE(forced.own_cgroup);
  EXPECT_EQ(forced.job.pids, 77);
  policy.cgroup = CgroupMode::off;
  EXPECT_FALSE(
      std::get<Plan>(make_plan(two_sockets(), {}, policy, request, {0}, false)).own_cgroup);
}

TEST(MakePlan, TheTighterOfWishAndPolicyIsTheTasksCeiling) {
  Policy policy;
  policy.task_memory = 100;
  policy.task_pids = 10;
  Request request;
  request.task_memory = 200;
  request.task_pids = 5;
  const auto plan = std::get<Plan>(make_plan(two_sockets(), {}, policy, request, {0}, true));
  EXPECT_EQ(plan.task.memory_bytes, 100);
  EXPECT_EQ(plan.task.pids, 5);
  const auto unasked = std::get<Plan>(make_plan(two_sockets(), {}, policy, {}, {0}, true));
  EXPECT_EQ(unasked.task.memory_bytes, 100);
  EXPECT_EQ(unasked.task.pids, 10);
}

TEST(PlanText, SaysWhatIsGrantedWhere) {
  const Request request = wish("50%");
  const auto plan = std::get<Plan>(make_plan(two_sockets(), free_rdt(), {}, request, {2, 3}, true));
  EXPECT_EQ(to_text(plan, request),
            "CPUs 2-3\n"
            "L3 asked: 50%, exclusive\n"
            "socket 1, L3 1 (11 MiB): CPUs 2-3\n"
            "  ways 0x3f (6) for the job, 0x7c0 (5) stay with the default group\n");
}

}  // namespace
}  // namespace berth::launcher
