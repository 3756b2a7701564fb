#include "launcher/rdt_policy_json.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "launcher/policy.h"
#include "tests/support/message_of.h"

namespace berth::launcher {
namespace {

using test::message_of;

RdtPolicy read(const std::string& rdt) {
  return parse_policy(R"({"rdt": )" + rdt + "}", "policy.json").rdt;
}

rdt::CacheWish all(std::string_view amount) {
  return {rdt::parse_amount(amount), {}, {}};
}

// A site that uses every form.
constexpr const char* kSite = R"({
  "floorWays": 2, "ioWays": true, "packing": false, "compaction": false, "kernelExclusive": true,
  "report": "off", "record": "/var/log/steps",
  "options": {"l3": {"optional": false}, "l2": {"optional": false}, "mb": {"optional": false}},
  "partitions": {
    "service": {
      "l3Allocation": {"all": "60%", "0,2-3": {"unified": "8MiB"}},
      "l2Allocation": "4w",
      "mbAllocation": ["80%", "8GBps"],
      "classes": {
        "gold": {"l3Allocation": "100%", "l2Allocation": {"unified": "2w"}, "mbAllocation": "50%"},
        "bronze": {"l3Allocation": {"all": {"code": "20%", "data": "60%", "unified": "70%"},
                                    "1": "2w"}},
        "tin": {}
      }
    },
    "other": {"l3Allocation": {"1": "40%"}}
  },
  "rules": [
    {"users": ["DOM\\eve", "bob@site"], "accounts": ["physics"], "partitions": ["debug"],
     "l3Max": "50%", "l2Max": "auto", "mbwMax": ["40%", "4GBps"], "allow": ["l3", "class"],
     "exclusive": false, "classes": ["gold"]},
    {"allow": []},
    {"classes": []}
  ]})";

TEST(RdtPolicyJson, EveryKeyIsRead) {
  const RdtPolicy policy = read(kSite);
  EXPECT_EQ(policy.layout, (rdt::Rules{2, true, false, false, true}));
  EXPECT_EQ(policy.report, RdtPolicy::Report::off);
  EXPECT_EQ(policy.record, "/var/log/steps");
  EXPECT_FALSE(policy.l3_optional || policy.l2_optional || policy.mb_optional);

  ASSERT_EQ(policy.partitions.size(), 2U);
  EXPECT_EQ(policy.partitions[0].name, "other");
  EXPECT_EQ(policy.partitions[0].caches.l3, (CacheAllocation{{}, {{1, all("40%")}}}));
  const RdtPartition& service = policy.partitions[1];
  EXPECT_EQ(service.caches.l3,
            (CacheAllocation{all("60%"), {{0, all("8MiB")}, {2, all("8MiB")}, {3, all("8MiB")}}}));
  EXPECT_EQ(service.caches.l2, (CacheAllocation{all("4w"), {}}));
  EXPECT_EQ(service.mb,
            (BandwidthAllocation{{rdt::parse_bandwidth("80%"), rdt::parse_bandwidth("8GBps")}}));
  ASSERT_EQ(service.classes.size(), 3U);
  const RdtClass &bronze = service.classes[0], &gold = service.classes[1];
  EXPECT_EQ(bronze.name, "bronze");
  EXPECT_EQ(bronze.caches.l3,
            (CacheAllocation{rdt::CacheWish{rdt::parse_amount("70%"), rdt::parse_amount("20%"),
                                            rdt::parse_amount("60%")},
                             {{1, all("2w")}}}));
  EXPECT_EQ(gold.caches.l3, (CacheAllocation{all("100%"), {}}));
  EXPECT_EQ(gold.caches.l2, (CacheAllocation{all("2w"), {}}));
  EXPECT_EQ(gold.mb, (BandwidthAllocation{{rdt::parse_bandwidth("50%")}}));
  EXPECT_EQ(service.classes[2], (RdtClass{"tin", {}, {}}));

  ASSERT_EQ(policy.rules.size(), 3U);
  RdtRule first;
  first.users = {"DOM\\eve", "bob@site"};
  first.accounts = {"physics"};
  first.partitions = {"debug"};
  first.l3_max = rdt::parse_amount("50%");
  first.l2_max = rdt::parse_amount("auto");
  first.mbw_max = BandwidthAllocation{{rdt::parse_bandwidth("40%"), rdt::parse_bandwidth("4GBps")}};
  first.l2 = first.mbw = first.exclusive = false;
  first.classes = {"gold"};
  EXPECT_EQ(policy.rules[0], first);
  RdtRule nothing;
  nothing.l3 = nothing.l2 = nothing.mbw = false;
  nothing.classes.emplace();
  EXPECT_EQ(policy.rules[1], nothing);
  RdtRule no_class;
  no_class.classes.emplace();
  EXPECT_EQ(policy.rules[2], no_class);
}

TEST(RdtPolicyJson, WrittenAndReadAgainIsTheSame) {
  const RdtPolicy policy = read(kSite);
  EXPECT_EQ(read(json_of(policy).dump()), policy);
  EXPECT_EQ(read(json_of(RdtPolicy{}).dump()), RdtPolicy{});
  EXPECT_EQ(json_of(policy)["partitions"]["other"].dump(),
            R"({"classes":{},"l3Allocation":{"1":"40%"}})");
}

struct Bad {
  const char* rdt;
  const char* message;  // after `policy.json: rdt.`
};

class BadRdt : public ::testing::TestWithParam<Bad> {};

TEST_P(BadRdt, HasOneLineWithTheKeyPath) {
  EXPECT_EQ(message_of([] { (void)read(GetParam().rdt); }),
            std::string("policy.json: rdt.") + GetParam().message);
}

#define OF_CACHE                                                                           \
  "is not a part of a cache; allowed are ways ('4w'), a share ('1%' to '100%') or a size " \
  "('8MiB'; B, kB, MB, GB, KiB, MiB, GiB)"
#define OF_BANDWIDTH \
  "allowed are a share ('1%' to '100%') or a rate ('8GBps'; MBps, GBps, MiBps, GiBps)"

INSTANTIATE_TEST_SUITE_P(
    Values, BadRdt,
    ::testing::Values(
        Bad{R"({"floor": 1})",
            "floor: unknown key; allowed are floorWays, ioWays, packing, compaction, "
            "kernelExclusive, report, record, options, partitions, rules"},
        Bad{R"({"floorWays": 0})", "floorWays: 0 is not between 1 and 64"},
        Bad{R"({"floorWays": "2"})", "floorWays: expected a whole number, found a string"},
        Bad{R"({"ioWays": 1})", "ioWays: expected a boolean, found a number"},
        Bad{R"({"report": "all"})", "report: 'all' is not one of summary, off"},
        Bad{R"({"record": "steps"})", "record: 'steps' is not an absolute path"},
        Bad{R"({"options": {"l3": {"optional": "no"}}})",
            "options.l3.optional: expected a boolean, found a string"},
        Bad{R"({"options": {"l3": true}})", "options.l3: expected an object, found a boolean"},
        Bad{R"({"partitions": {"a b": {}}})",
            "partitions.a b: 'a b' is not a name; allowed are letters, digits, '_', '.' and '-'"},
        Bad{R"({"partitions": {"": {}}})",
            "partitions.: '' is not a name; allowed are letters, digits, '_', '.' and '-'"},
        Bad{R"({"partitions": {"a": {"classes": {"system/default": {}}}}})",
            "partitions.a.classes.system/default: 'system/default' is not a name; allowed are "
            "letters, digits, '_', '.' and '-'"},
        Bad{R"({"partitions": {"a": {"l3Allocation": "0%"}}})",
            "partitions.a.l3Allocation: '0%' " OF_CACHE},
        Bad{R"({"partitions": {"a": {"l3Allocation": "101%"}}})",
            "partitions.a.l3Allocation: '101%' " OF_CACHE},
        Bad{R"({"partitions": {"a": {"l3Allocation": "auto"}}})",
            "partitions.a.l3Allocation: 'auto' " OF_CACHE},
        Bad{R"({"partitions": {"a": {"l3Allocation": {"0": "8"}}}})",
            "partitions.a.l3Allocation.0: '8' " OF_CACHE},
        Bad{R"({"partitions": {"a": {"l3Allocation": 60}}})",
            "partitions.a.l3Allocation: expected a string, found a number"},
        Bad{R"({"partitions": {"a": {"l3Allocation": {"x": "8w"}}}})",
            "partitions.a.l3Allocation.x: 'x' is not a list of cache ids; allowed are 'all' and "
            "lists like '0' or '1,3-4'"},
        Bad{R"({"partitions": {"a": {"l3Allocation": {"0-2": "8w", "1": "2w"}}}})",
            "partitions.a.l3Allocation.1: cache 1 is there twice"},
        Bad{R"({"partitions": {"a": {"l3Allocation": {"code": "20%", "data": "20%"}}}})",
            "partitions.a.l3Allocation.code: unknown key; allowed are unified"},
        Bad{R"({"partitions": {"a": {"mbAllocation": "4w"}}})",
            "partitions.a.mbAllocation: '4w' is not a memory bandwidth: 'w' is no "
            "unit; " OF_BANDWIDTH},
        Bad{R"({"partitions": {"a": {"mbAllocation": ["50%", "60%"]}}})",
            "partitions.a.mbAllocation[1]: '60%' is the second of its kind; allowed are one share "
            "and one rate"},
        Bad{R"({"partitions": {"a": {"mbAllocation": []}}})",
            "partitions.a.mbAllocation: it is empty; allowed are a share ('50%'), a rate ('8GBps') "
            "or both"},
        Bad{R"({"partitions": {"a": {"mbAllocation": {"all": "50%"}}}})",
            "partitions.a.mbAllocation: expected a string, found an object"},
        Bad{R"({"rules": [{"user": ["eve"]}]})",
            "rules[0].user: unknown key; allowed are users, accounts, partitions, l3Max, l2Max, "
            "mbwMax, allow, exclusive, classes"},
        Bad{R"({"rules": [{"users": "eve"}]})",
            "rules[0].users: expected an array, found a string"},
        Bad{R"({"rules": [{"accounts": ["a", ""]}]})",
            "rules[0].accounts[1]: '' is not a name; it may not be empty and has no spaces"},
        Bad{R"({"rules": [{"partitions": ["a b"]}]})",
            "rules[0].partitions[0]: 'a b' is not a name; it may not be empty and has no spaces"},
        Bad{R"({"rules": [{"l3Max": "0w"}]})",
            "rules[0].l3Max: '0w' is not an amount of cache: it is nothing; allowed are ways "
            "('4w'), a share ('1%' to '100%'), a size ('8MiB'; B, kB, MB, GB, KiB, MiB, GiB) or "
            "'auto'"},
        Bad{R"({"rules": [{"l3Max": 50}]})", "rules[0].l3Max: expected a string, found a number"},
        Bad{R"({"rules": [{"mbwMax": "auto"}]})",
            "rules[0].mbwMax: 'auto' is not a memory bandwidth: it does not begin with a whole "
            "number; " OF_BANDWIDTH},
        Bad{R"({"rules": [{"allow": ["mb"]}]})",
            "rules[0].allow[0]: 'mb' is not one of l3, l2, mbw, class"},
        Bad{R"({"rules": [{"classes": ["a/b"]}]})",
            "rules[0].classes[0]: 'a/b' is not a name; allowed are letters, digits, '_', '.' and "
            "'-'"}));

// goresctrl's positions: berth has none to give, but says how much they are.
#define PLACES_ITSELF "says which ways, and berth places ways itself: say how many, "

INSTANTIATE_TEST_SUITE_P(
    Positions, BadRdt,
    ::testing::Values(Bad{R"({"partitions": {"a": {"l3Allocation": "0xf0"}}})",
                          "partitions.a.l3Allocation: '0xf0' " PLACES_ITSELF "'4w'"},
                      Bad{R"({"partitions": {"a": {"l3Allocation": "0-3"}}})",
                          "partitions.a.l3Allocation: '0-3' " PLACES_ITSELF "'4w'"},
                      Bad{R"({"partitions": {"a": {"l2Allocation": {"all": "2,3,5-7"}}}})",
                          "partitions.a.l2Allocation.all: '2,3,5-7' " PLACES_ITSELF "'5w'"},
                      Bad{R"({"partitions": {"a": {"l3Allocation": "51-60%"}}})",
                          "partitions.a.l3Allocation: '51-60%' " PLACES_ITSELF "'10%'"},
                      Bad{R"({"partitions": {"a": {"l3Allocation": "0x0"}}})",
                          "partitions.a.l3Allocation: '0x0' " OF_CACHE},
                      Bad{R"({"partitions": {"a": {"l3Allocation": "0-64"}}})",
                          "partitions.a.l3Allocation: '0-64' " OF_CACHE},
                      Bad{R"({"partitions": {"a": {"l3Allocation": "0xg"}}})",
                          "partitions.a.l3Allocation: '0xg' " OF_CACHE},
                      Bad{R"({"partitions": {"a": {"l3Allocation": "3-0"}}})",
                          "partitions.a.l3Allocation: '3-0' " OF_CACHE}));

INSTANTIATE_TEST_SUITE_P(
    Relations, BadRdt,
    ::testing::Values(
        Bad{R"({"partitions": {"a": {"l3Allocation": "60%"}, "b": {"l3Allocation": "50%"},
                               "c": {"l3Allocation": "4w"}}})",
            "partitions: the shares of L3 come to 110% (a 60%, b 50%); allowed are 100%"},
        Bad{R"({"partitions": {"a": {"l2Allocation": "60%"}, "b": {"l2Allocation": "41%"}}})",
            "partitions: the shares of L2 come to 101% (a 60%, b 41%); allowed are 100%"},
        Bad{R"({"partitions": {"a": {"l3Allocation": {"all": "60%", "1": "70%"}},
                               "b": {"l3Allocation": {"all": "40%"}}}})",
            "partitions: the shares of L3 1 come to 110% (a 70%, b 40%); allowed are 100%"},
        Bad{R"({"partitions": {"a": {"classes": {"x": {}}}, "b": {"classes": {"x": {}}}}})",
            "partitions.b.classes.x: partition 'a' has a class of this name; names are for one "
            "class in all partitions"},
        Bad{R"({"partitions": {"a": {"l3Allocation": {}}}})",
            "partitions.a.l3Allocation: it is empty; allowed are 'unified', 'all' and cache ids"},
        Bad{R"({"partitions": {"a": {"l3Allocation": "50%", "classes": {"x": {
                "l3Allocation": {"code": "50%"}}}}}})",
            "partitions.a.classes.x.l3Allocation.data: is missing; code and data go together"},
        Bad{R"({"partitions": {"a": {"l3Allocation": "50%", "classes": {"x": {
                "l3Allocation": {"1": {"code": "50%", "data": "51%"}}}}}}})",
            "partitions.a.classes.x.l3Allocation.1: code and data come to 101%; allowed are 100%: "
            "they share no ways"},
        Bad{R"({"partitions": {"a": {"l3Allocation": "50%", "classes": {"x": {
                "l2Allocation": "50%"}}}}})",
            "partitions.a.classes.x.l2Allocation: partition 'a' has no l2Allocation to take it "
            "from"},
        Bad{R"({"partitions": {"a": {"l3Allocation": {"0": "50%"}, "classes": {"x": {
                "l3Allocation": {"1": "50%"}}}}}})",
            "partitions.a.classes.x.l3Allocation: partition 'a' has no part of L3 1"},
        Bad{R"({"partitions": {"a": {"l3Allocation": "4w", "classes": {"x": {
                "l3Allocation": "5w"}}}}})",
            "partitions.a.classes.x.l3Allocation: it is more than partition 'a' has; allowed are "
            "4w"},
        Bad{R"({"rules": [{"classes": ["gold"]}]})",
            "rules[0].classes[0]: 'gold' is not a class of the policy; allowed are none: no "
            "partition has any"},
        Bad{R"({"partitions": {"a": {"classes": {"x": {}, "y": {}}}},
                "rules": [{}, {"classes": ["y", "gold"]}]})",
            "rules[1].classes[1]: 'gold' is not a class of the policy; allowed are x, y"},
        Bad{R"({"partitions": {"a": {"classes": {"x": {}}}},
                "rules": [{"classes": ["x"], "allow": ["l3"]}]})",
            "rules[0].allow: 'class' is missing, and the rule has classes: add it, or take them "
            "away"}));

TEST(RdtPolicyJson, APartitionsSharesMayBeTheWholeCache) {
  const RdtPolicy policy =
      read(R"({"partitions": {"a": {"l3Allocation": {"all": "60%", "1": "100%"}},
                              "b": {"l3Allocation": {"all": "40%", "1": "4w"}}}})");
  EXPECT_EQ(policy.partitions.size(), 2U);
}

TEST(RdtPolicyJson, NullTakesANameAway) {
  const RdtPolicy policy = read(R"({"partitions": {"a": null, "b": {"l3Allocation":
      {"0": null, "1": "4w"}, "classes": {"x": null}, "mbAllocation": null}}, "rules": null})");
  RdtPartition b;
  b.name = "b";
  b.caches.l3 = CacheAllocation{{}, {{1, all("4w")}}};
  EXPECT_EQ(policy.partitions, std::vector{b});
}

}  // namespace
}  // namespace berth::launcher
