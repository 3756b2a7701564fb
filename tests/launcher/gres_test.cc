#include "launcher/gres.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "launcher/imagined_rdt.h"
#include "rdt/allocate.h"
#include "tests/launcher/node_of_claims.h"
#include "tests/support/message_of.h"
#include "tests/support/shell.h"

namespace berth::launcher {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

constexpr const char* kTwoSockets =
    "pack:2 l3:1(indexes=0,1 size=28835840) core:10 pu:2";  // 11 ways of 2560 KiB

// A machine with its RDT, nobody there.
struct Imagined {
  topology::Machine machine;
  NodeFacts facts;
  explicit Imagined(const std::string& described, const std::string& rdt = "io=600")
      : Imagined(topology::Machine::synthetic(described), rdt) {}
  Imagined(topology::Machine looked_at, const std::string& rdt)
      : machine(std::move(looked_at)), facts{machine, imagined_rdt(rdt, machine), {}, {}, {}} {
    const rdt::CacheCapability& l3 = *facts.capability->caches.l3;
    facts.kernel.default_group.masks.l3.assign(l3.domains.size(), {l3.full, l3.full});
  }
  void add_stranger(const std::string& name, const std::vector<uint64_t>& ways) {
    rdt::Foreign group{name, {}};
    for (const uint64_t bits : ways) group.ways.l3.emplace_back(bits);
    facts.kernel.foreign.push_back(std::move(group));
  }
  GresNode gres(const rdt::Rules& rules = {}) const { return gres_of(facts, rules, "n1"); }
  std::string refusal(const rdt::Rules& rules = {}) const {
    return test::message_of([&] { (void)gres(rules); });
  }
};

std::string line(const std::string& cores, unsigned ways) {
  std::string text = "NodeName=n1 Name=l3way Cores=" + cores + " Flags=CountOnly File=/dev/null";
  for (unsigned way = 1; way < ways; ++way) text += ",/dev/null";
  return text;
}

TEST(Gres, TheLinesOfTwoSockets) {
  EXPECT_EQ(to_text(Imagined(kTwoSockets).gres()),
            "# n1: each L3 has 11 ways of 2560 KiB. Jobs can have 0x1ff (9); not 0x600 (2) that "
            "I/O fills too, 0x400 (1) of the default group\n"
            "\n"
            "# slurm.conf, on all hosts: l3way beside other GresTypes, Gres= on the node's own "
            "line\n"
            "GresTypes=l3way\n"
            "NodeName=n1 Gres=l3way:18\n"
            "\n"
            "# gres.conf, on all hosts\n" +
                line("0-9", 9) + "\n" + line("10-19", 9) +
                "\n\n"
                "-- job_submit.lua, on slurmctld's host; \"*\": any partition without an entry\n"
                "local l3_of = {\n"
                "  [\"*\"] = { ways = 11, grantable = 9, way_bytes = 2560 * 1024 },\n"
                "}\n");
}

TEST(Gres, AsJson) {
  const auto json = nlohmann::json::parse(to_json(Imagined(kTwoSockets).gres()));
  EXPECT_EQ(json.at("gres"), "l3way:18");
  EXPECT_EQ(json.at("slurmdParameters"), nullptr);
  EXPECT_EQ(json.at("gresConf").at(1), line("10-19", 9));
  EXPECT_EQ(json.at("grantable"), 9);
  EXPECT_EQ(json.at("wayBytes"), 2621440);
  EXPECT_EQ(json.at("l3").at(1),
            nlohmann::json::parse(
                R"({"cacheId": 1, "socket": 1, "cores": "10-19", "free": "1ff", "count": 9})"));
}

TEST(Gres, TheRulesOfThePolicyAreThoseOfTheAllocator) {
  const Imagined node(kTwoSockets);
  const auto ways = [&](const rdt::Rules& rules) { return node.gres(rules).caches[0].free; };
  EXPECT_EQ(ways({.floor_ways = 2}), rdt::WayMask(0x1ff));
  EXPECT_EQ(ways({.floor_ways = 3}), rdt::WayMask(0xff));
  EXPECT_EQ(ways({.floor_ways = 1, .io_ways = true}), rdt::WayMask(0x3ff));
  EXPECT_EQ(Imagined(kTwoSockets, "ways=20,io=c0001,min=2").gres().caches[0].free,
            rdt::WayMask(0x3fffe));
  EXPECT_THAT(to_text(node.gres({.kernel_exclusive = true})), HasSubstr("# kernelExclusive: "));
}

// What is counted can be had, and no more.
TEST(Gres, AJobCanHaveAsManyWaysAsOneEntrySays) {
  Imagined node(kTwoSockets, "ways=16,io=3");
  node.add_stranger("COS3", {0x40, 0x40});
  const GresNode gres = node.gres();
  EXPECT_EQ(gres.caches[0].free, rdt::WayMask(0x7fbc));
  EXPECT_EQ(job_submit_entry(gres),
            "[\"*\"] = { ways = 16, grantable = 8, way_bytes = 1760 * 1024 },");
  EXPECT_EQ(gres_conf(gres)[0], line("0-9", 12));
  EXPECT_THAT(to_text(gres),
              AllOf(HasSubstr("0x40 (1) of COS3\n"),
                    HasSubstr("# They do not lie side by side: one job can have 8")));
  rdt::Wish wish;
  wish.domains.l3 = {{0, 0, 1, 1}};
  rdt::Layout idle;
  const auto granted = [&](unsigned ways) {
    wish.caches.l3 = rdt::CacheWish{rdt::Amount{rdt::Amount::Unit::ways, ways}, {}, {}};
    return std::holds_alternative<rdt::Grant>(rdt::allocate(
        *node.facts.capability, idle, node.facts.kernel.foreign, "job_1", "job 1", wish, {}));
  };
  EXPECT_TRUE(granted(8));
  EXPECT_FALSE(granted(9));
  // Where masks may have holes, a job can have all of them.
  Imagined sparse(kTwoSockets, "ways=16,io=3,sparse");
  sparse.add_stranger("COS3", {0x40, 0x40});
  EXPECT_EQ(sparse.gres().caches[0].most, 12U);
}

TEST(Gres, OfSeveralL3InASocketEachIsOneToSlurm) {
  const Imagined node("pack:2 group:2 l3:2(indexes=0,1,2,3,8,9,10,11 size=33554432) core:8 pu:2",
                      "ways=16,closids=16");
  const GresNode gres = node.gres();
  ASSERT_THAT(gres.caches, SizeIs(8));
  EXPECT_EQ(gres.caches[4].cores, "32-39");
  EXPECT_EQ(gres.caches[4].id, 8U);
  EXPECT_EQ(gres.caches[4].socket, 1U);
  EXPECT_THAT(to_text(gres),
              AllOf(HasSubstr("# A socket has several L3: with this each is one to Slurm, in "
                              "Sockets= too, 8 in all\nSlurmdParameters=l3cache_as_socket\n"),
                    HasSubstr("Gres=l3way:120\n")));
  EXPECT_EQ(nlohmann::json::parse(to_json(gres)).at("slurmdParameters"), "l3cache_as_socket");
  EXPECT_THAT(to_text(Imagined(kTwoSockets).gres()), Not(HasSubstr("SlurmdParameters")));
}

TEST(Gres, CoresAreInHwlocsOrderWhateverTheKernelsIs) {
  const GresNode gres =
      Imagined("pack:2 l3:1(indexes=1,0) core:2 pu:2(indexes=0,4,2,6,1,5,3,7)").gres();
  EXPECT_EQ(gres.caches[0].cores, "0-1");
  EXPECT_EQ(gres.caches[0].id, 1U);
  EXPECT_EQ(gres.caches[1].cores, "2-3");
}

TEST(Gres, OfACacheOfUnknownSizeWaysAreCountedAlone) {
  const topology::CpuSet cpus{0, 1};
  const GresNode gres =
      Imagined(topology::Machine::remembered({{0, 0, cpus, 0}}, {}, {{0, cpus}}, {}, cpus),
               "io=600")
          .gres();
  EXPECT_EQ(job_submit_entry(gres), "[\"*\"] = { ways = 11, grantable = 9 },");
  EXPECT_THAT(to_text(gres), HasSubstr("each L3 has 11 ways. Jobs"));
  EXPECT_EQ(nlohmann::json::parse(to_json(gres)).at("wayBytes"), nullptr);
  const GresNode odd = Imagined("pack:1 l3:1(indexes=0 size=1100) core:4 pu:1").gres();
  EXPECT_THAT(job_submit_entry(odd), HasSubstr(", way_bytes = 100 },"));
}

TEST(Gres, GroupsOfBerthsComeAndGo) {
  test::NodeOfClaims node;
  const auto text = [&] { return to_text(gres_of(node.facts(), {}, "n1")); };
  const std::string idle = text();
  EXPECT_THAT(idle, HasSubstr("Gres=l3way:18\n"));
  node.add_claim("job_1", "0-3", "4w");
  node.add_claim("job_2", "4-5", "2w", /*shared=*/true);
  EXPECT_EQ(text(), idle);
  node.tree().add_stranger("berth_9", "L3:0=1;1=1\n");  // in no ledger
  EXPECT_EQ(text(), idle);
  node.tree().add_stranger("COS7", "L3:0=7;1=7\n");
  EXPECT_THAT(text(), AllOf(HasSubstr("Gres=l3way:12\n"), HasSubstr("0x7 (3) of COS7\n")));
}

TEST(Gres, SaysWhyThereIsNothingToCount) {
  Imagined node(kTwoSockets);
  Imagined other = node;
  node.facts.capability->caches.l3->domains = {0, 2};
  EXPECT_EQ(node.refusal(), "L3 1: resctrl does not know it (it has 0, 2; berth doctor)");
  node.facts.capability->caches.l3.reset();
  EXPECT_EQ(node.refusal(), "this node's RDT cannot partition L3 (berth doctor)");
  node.facts.capability.reset();
  EXPECT_EQ(node.refusal(),
            "no RDT on this node: resctrl is not mounted at /sys/fs/resctrl (berth doctor)");
  EXPECT_EQ(other.refusal({.floor_ways = 11}),
            "none of the 11 ways of an L3 is left for jobs (berth doctor)");
  other.add_stranger("COS3", {0x3, 0x1});
  EXPECT_EQ(other.refusal(),
            "L3 0 has 7 ways for jobs, each of 2560 KiB; L3 1 has 8 ways for jobs, each of 2560 "
            "KiB: l3way counts only L3s that are alike");
  EXPECT_THAT(Imagined("pack:2 l3:1 core:4 pu:1").refusal(),
              HasSubstr("has no id on this machine"));
  EXPECT_EQ(Imagined("l3:1(indexes=0 size=1048576) pack:2 core:2 pu:1").refusal(),
            "the L3 of CPUs 0-3 belongs to sockets 0 and 1: Slurm counts by socket");
  EXPECT_EQ(Imagined("pack:1 core:4 pu:1").refusal(), "this machine has no L3 cache");
}

TEST(Gres, ANodesName) {
  const Imagined node(kTwoSockets);
  EXPECT_EQ(gres_of(node.facts, {}, "n[1-4],m1").name, "n[1-4],m1");
  for (const char* name : {"", "n 1", "n1#", "n1=2", "n1\n"}) {
    EXPECT_THAT(test::message_of([&] { (void)gres_of(node.facts, {}, name); }),
                HasSubstr("--node: '" + std::string(name) + "': allowed are names"));
  }
  const test::Ran ran = test::run({BERTH_BINARY_DIR "/berth", "gres", "--node", "n 1"});
  EXPECT_EQ(ran.status, 125);
  EXPECT_THAT(ran.err, HasSubstr("berth: --node: 'n 1': allowed are "));
}

}  // namespace
}  // namespace berth::launcher
