#include "launcher/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace berth::launcher {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

topology::Machine two_sockets() {
  return topology::Machine::synthetic("pack:2 [numa] l3:1(indexes=0,1 size=11MiB) core:2 pu:1");
}

rdt::CacheCapability eleven_ways(std::vector<unsigned> domains) {
  return {rdt::WayMask(0x7ff), rdt::WayMask(0x600), 1, 16, false, false, std::move(domains)};
}

rdt::Capability capability() {
  rdt::Capability rdt;
  rdt.caches.l3 = eleven_ways({0, 1});
  rdt.throttles.mb =
      rdt::BandwidthCapability{rdt::BandwidthCapability::Unit::percent, 10, 10, 100, 8, {0, 1}};
  rdt.monitor = rdt::MonitorCapability{64, {"llc_occupancy"}};
  rdt.max_groups = 7;
  return rdt;
}

RdtFacts free_rdt() {
  RdtFacts facts{capability(), {}, {}};
  facts.layout.original.l3.assign(2, {rdt::WayMask(0x7ff), rdt::WayMask(0x7ff)});
  return facts;
}

Request wish(const RdtOptions& options) {
  Request request;
  request.claim = "job_1";
  request.purpose = "job 1";
  request.rdt = parse_rdt_options(options);
  return request;
}
Request wish(const char* l3) {
  return wish(RdtOptions{.l3 = l3});
}

Plan planned(const Request& request, const topology::CpuSet& cpus, const Policy& policy = {}) {
  return std::get<Plan>(make_plan(two_sockets(), capability(), policy, request, cpus, false));
}

std::string refusal(const std::optional<rdt::Capability>& rdt, const Request& request,
                    const Policy& policy = {}) {
  const auto outcome = make_plan(two_sockets(), rdt, policy, request, {0}, false);
  const auto* refused = std::get_if<rdt::Refusal>(&outcome);
  return refused == nullptr ? "planned" : refused->reason;
}

TEST(MakePlan, AsksForTheDomainsOfTheCpusAlone) {
  const Request request = wish("50%");
  const Plan plan = planned(request, {2, 3});
  ASSERT_TRUE(plan.wish);
  EXPECT_THAT(plan.wish->domains.l3, ElementsAre(rdt::DomainShare{1, 11U << 20, 2, 2}));
  EXPECT_THAT(plan.wish->domains.l2, ElementsAre()) << "which nobody divides here";
  const DryRun run = std::get<DryRun>(try_out(free_rdt(), plan, request));
  ASSERT_EQ(run.domains.size(), 1U);
  EXPECT_EQ(run.domains[0].id, 1U);
  EXPECT_EQ(run.domains[0].slot.ways, rdt::WayMask(0x3f));
  EXPECT_EQ(run.domains[0].default_group, rdt::WayMask(0x7c0));
  EXPECT_EQ(plan.job.cpus, "2-3");
  EXPECT_EQ(plan.job.mems, "1");
}

TEST(MakePlan, AutoIsTheShareOfTheCpus) {
  const Request request = wish("auto");
  const Plan plan = planned(request, {2});
  const DryRun run = std::get<DryRun>(try_out(free_rdt(), plan, request));
  EXPECT_EQ(run.domains.at(0).slot.ways.count(), 4U) << "half of the 9 that can be handed out";
}

TEST(MakePlan, ThePolicysFloorStaysWithTheDefaultGroup) {
  Policy policy;
  policy.rdt.layout.floor_ways = 4;
  const Request fits = wish("7w"), does_not = wish("8w");
  EXPECT_TRUE(
      std::holds_alternative<DryRun>(try_out(free_rdt(), planned(fits, {0}, policy), fits)));
  const auto answer = try_out(free_rdt(), planned(does_not, {0}, policy), does_not);
  EXPECT_EQ(std::get<rdt::Refusal>(answer).reason,
            "--l3=8w refused: L3 0: 8 of 11 ways asked, 7 free (default keeps 4)");
}

TEST(MakePlan, SharedWaysStayWithTheDefaultGroupToo) {
  const Request request = wish(RdtOptions{.l3 = "50%", .l3_share = true});
  const Plan plan = planned(request, {0});
  ASSERT_TRUE(plan.wish && plan.wish->shared);
  const DryRun run = std::get<DryRun>(try_out(free_rdt(), plan, request));
  EXPECT_EQ(run.domains.at(0).default_group, rdt::WayMask(0x7ff));
}

TEST(MakePlan, CodeAndDataNeedAMountThatTellsThemApart) {
  const Request request = wish(RdtOptions{.l3_code = "1w", .l3_data = "3w"});
  rdt::Capability apart = capability();
  EXPECT_EQ(planned(request, {0}).wish, std::nullopt);
  EXPECT_THAT(planned(request, {0}).warnings,
              ElementsAre("resctrl is mounted without cdp, so code and data cannot be told apart: "
                          "--l3-code=1w --l3-data=3w is ignored"));
  apart.caches.l3->code_data = true;
  const auto plan = std::get<Plan>(make_plan(two_sockets(), apart, {}, request, {0}, false));
  RdtFacts facts = free_rdt();
  facts.capability = apart;
  const DryRun run = std::get<DryRun>(try_out(facts, plan, request));
  EXPECT_EQ(run.domains.at(0).slot.data(), rdt::WayMask(0x7));
  EXPECT_EQ(run.domains.at(0).slot.code, rdt::WayMask(0x8));
}

TEST(MakePlan, WhatTheNodeLacksIsLeftOutWhereThePolicyCallsItOptional) {
  const Request request = wish(RdtOptions{.l3 = "2w", .l2 = "50%", .mbw = "30%"});
  rdt::Capability only_bandwidth = capability();
  only_bandwidth.caches.l3.reset();
  const auto plan =
      std::get<Plan>(make_plan(two_sockets(), only_bandwidth, {}, request, {0}, false));
  EXPECT_THAT(plan.warnings,
              ElementsAre("this node's RDT cannot divide the L3: --l3=2w is ignored",
                          "this node's RDT cannot divide the L2: --l2=50% is ignored"));
  ASSERT_TRUE(plan.wish);
  EXPECT_FALSE(plan.wish->caches.l3);
  EXPECT_TRUE(plan.wish->throttles.mb);
  Policy policy;
  policy.rdt.l2_optional = false;
  EXPECT_EQ(refusal(only_bandwidth, request, policy),
            "--l3=2w --l2=50% --mbw=30% refused: this node's RDT cannot divide the L2");
}

TEST(MakePlan, ABandwidthInTheWrongUnitIsRefused) {
  EXPECT_EQ(refusal(capability(), wish(RdtOptions{.mbw = "8GBps"})),
            "--mbw=8GBps refused: this node's memory bandwidth is limited by shares ('50%'), not "
            "by rates");
}

TEST(MakePlan, WithoutRdtThePolicyDecides) {
  Policy policy;
  const auto outcome = make_plan(two_sockets(), std::nullopt, policy, wish("50%"), {0}, false);
  const Plan& plan = std::get<Plan>(outcome);
  EXPECT_FALSE(plan.wish);
  EXPECT_THAT(plan.warnings,
              ElementsAre("no RDT on this node (resctrl is not mounted at /sys/fs/resctrl): "
                          "--l3=50% is ignored"));
  policy.rdt.l3_optional = false;
  EXPECT_EQ(refusal(std::nullopt, wish("50%"), policy),
            "--l3=50% refused: no RDT on this node (resctrl is not mounted at /sys/fs/resctrl)");
}

TEST(MakePlan, ABundlesWishIsHeldToTheCeilingThatARequestIsRefusedFor) {
  Policy policy;
  RdtRule& rule = policy.rdt.rules.emplace_back();
  rule.l3_max = rdt::parse_amount("3w");
  rule.l2 = false;
  Request request = wish(RdtOptions{.l3 = "7w", .l2 = "2w"});
  EXPECT_EQ(refusal(capability(), request, policy),
            "--l3=7w refused: the policy allows everybody at most 3w");
  request.rdt_is_a_wish = true;
  const Plan plan = planned(request, {0}, policy);
  ASSERT_TRUE(plan.wish);
  EXPECT_EQ(plan.wish->caches.l3->at_most, rdt::parse_amount("3w"));
  EXPECT_FALSE(plan.wish->caches.l2);
  EXPECT_THAT(plan.warnings, IsEmpty());
  rule.l3 = false;
  EXPECT_FALSE(planned(request, {0}, policy).wish);
}

TEST(MakePlan, ACacheWithoutAnIdIsRefused) {
  const auto machine = topology::Machine::synthetic("pack:2 l3:1 core:4 pu:1");
  const auto outcome = make_plan(machine, capability(), {}, wish("2w"), {0}, false);
  EXPECT_EQ(std::get<rdt::Refusal>(outcome).reason,
            "--l3=2w refused: the L3 of CPUs '0-3' has no id on this machine (sysfs "
            "cache/index3/id), so resctrl cannot be told about it");
}

TEST(MakePlan, CpusWithoutAnL3AreRefused) {
  const auto machine = topology::Machine::synthetic("pack:1 core:4 pu:1");
  const auto outcome = make_plan(machine, capability(), {}, wish("2w"), {0}, false);
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
  const Plan plan = planned(request, {2, 3});
  const DryRun run = std::get<DryRun>(try_out(free_rdt(), plan, request));
  EXPECT_EQ(to_text(plan, request, run),
            "CPUs 2-3\n"
            "asked: --l3=50%\n"
            "socket 1, L3 1 (11 MiB): CPUs 2-3\n"
            "  ways 0x3f (6) for the job, 0x7c0 (5) stay with the default group\n"
            "group 'berth_1'\n"
            "cgroup of the job: cpus=2-3 mems=1\n");
}

}  // namespace
}  // namespace berth::launcher
