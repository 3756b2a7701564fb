#include "runtime/resources/unit_properties.h"

#include <gtest/gtest.h>

#include <string>

#include "runtime/spec/parse.h"

namespace berth::runtime::resources {
namespace {

using systemd::Property;

spec::Resources parsed(const std::string& json) {
  return spec::parse_resources_document(json, "resources");
}

// `MemoryMax=5`, `>=244` behind those of later versions.
std::vector<std::string> lines(const std::vector<Property>& properties) {
  std::vector<std::string> list;
  for (const Property& property : properties) {
    std::string line = property.name + "=";
    const systemd::Value& value = property.value;
    if (const auto* const number = std::get_if<uint64_t>(&value.basic)) {
      line += *number == systemd::kInfinity ? "infinity" : std::to_string(*number);
    } else if (const auto* const text = std::get_if<std::string>(&value.basic)) {
      line += *text;
    }
    for (const systemd::Value& element : value.elements) {
      if (value.signature == "ay") line += std::to_string(std::get<uint64_t>(element.basic)) + ".";
      if (value.signature != "a(ss)") continue;
      line += std::get<std::string>(element.elements[0].basic) + " " +
              std::get<std::string>(element.elements[1].basic) + ";";
    }
    if (property.since > 0) line += " >=" + std::to_string(property.since);
    list.push_back(line);
  }
  return list;
}
using Lines = std::vector<std::string>;

Lines on_v2(const std::string& json, bool bfq = false) {
  const spec::Resources resources = parsed(json);
  std::vector<Setting> settings = v2_settings(resources);
  for (Setting& limit : v2_limits(resources)) settings.push_back(std::move(limit));
  round_cpu_quota(settings);
  return lines(unit_properties(settings, [&](const Setting&, const FileValue& choice) {
    return bfq || choice.file != "io.bfq.weight";
  }));
}

struct Case {
  const char *name, *json;
  Lines expected;
};
void PrintTo(const Case& of, std::ostream* out) {
  *out << of.name;
}

class OnV2 : public ::testing::TestWithParam<Case> {};

TEST_P(OnV2, IsWhatSystemdWouldWrite) {
  EXPECT_EQ(on_v2(GetParam().json), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    UnitProperties, OnV2,
    ::testing::Values(
        Case{"Nothing", "{}", {}},
        Case{"Memory",
             R"({"memory": {"limit": 100, "swap": 150, "reservation": 50}})",
             {"MemoryLow=50", "MemorySwapMax=50", "MemoryMax=100"}},
        Case{"Unlimited",
             R"({"memory": {"limit": -1}, "pids": {"limit": -1}})",
             {"MemorySwapMax=infinity", "MemoryMax=infinity", "TasksMax=infinity"}},
        Case{"NoProcessIsOne", R"({"pids": {"limit": 0}})", {"TasksMax=1"}},
        Case{"Shares", R"({"cpu": {"shares": 1024}})", {"CPUWeight=100"}},
        Case{"Idle", R"({"cpu": {"idle": 1}})", {"CPUWeight=0 >=252"}},
        Case{"QuotaIsRoundedUp",
             R"({"cpu": {"quota": 33333, "period": 100000}})",
             {"CPUQuotaPeriodUSec=100000 >=242", "CPUQuotaPerSecUSec=340000"}},
        Case{"QuotaOfTheDefaultPeriod",
             R"({"cpu": {"quota": 50000}})",
             {"CPUQuotaPerSecUSec=500000"}},
        Case{"QuotaUnlimited",
             R"({"cpu": {"quota": -1, "period": 50000}})",
             {"CPUQuotaPeriodUSec=50000 >=242", "CPUQuotaPerSecUSec=infinity"}},
        Case{"Cpuset",
             R"({"cpu": {"cpus": "0-2,9", "mems": "1"}})",
             {"AllowedMemoryNodes=2. >=244", "AllowedCPUs=7.2. >=244"}},
        Case{"Weight", R"({"blockIO": {"weight": 500}})", {"IOWeight=4950"}},
        Case{"WhatSystemdDoesNotKnow",
             R"({"hugepageLimits": [{"pageSize": "2MB", "limit": 5}], "cpu": {"burst": 5}})",
             {}},
        Case{"Unified",
             R"({"unified": {"memory.high": "7", "memory.min": "max", "pids.max": "9",
                             "cpu.weight": "55", "io.max": "8:0 rbps=5", "memory.zswap.max": "3"}})",
             {"CPUWeight=55", "MemoryHigh=7", "MemoryMin=infinity", "MemoryZSwapMax=3 >=253",
              "TasksMax=9"}},
        Case{"UnifiedBandwidth",
             R"({"unified": {"cpu.max": "max 20000"}})",
             {"CPUQuotaPeriodUSec=20000 >=242", "CPUQuotaPerSecUSec=infinity"}},
        Case{"UnifiedIdleHasNoWeight",
             R"({"unified": {"cpu.idle": "1", "cpu.weight": "5"}})",
             {"CPUWeight=0 >=252"}}));

TEST(UnitProperties, OfBfqIsWhatSystemdMakesItFrom) {
  EXPECT_EQ(on_v2(R"({"blockIO": {"weight": 500}})", true), Lines{"IOWeight=4500"});
  EXPECT_EQ(on_v2(R"({"blockIO": {"weight": 10}})", true), Lines{"IOWeight=10"});
  EXPECT_EQ(on_v2(R"({"blockIO": {"weight": 1000}})", true), Lines{"IOWeight=10000"});
}

TEST(UnitProperties, OfV1HaveItsNames) {
  const spec::Resources resources = parsed(
      R"({"memory": {"limit": 100}, "pids": {"limit": 5},
          "cpu": {"shares": 512, "quota": 33333, "period": 100000}, "blockIO": {"weight": 300}})");
  std::vector<Setting> settings = v1_settings(resources);
  for (Setting& limit : v1_limits(resources, 0)) settings.push_back(std::move(limit));
  round_cpu_quota(settings);
  const auto all = [](const Setting&, const FileValue&) { return true; };
  EXPECT_EQ(lines(unit_properties(settings, all)),
            (Lines{"CPUShares=512", "BlockIOWeight=300", "MemoryLimit=100", "TasksMax=5",
                   "CPUQuotaPeriodUSec=100000 >=242", "CPUQuotaPerSecUSec=340000"}));
}

std::string rounded(const std::string& json, bool v1) {
  std::vector<Setting> settings = v1 ? v1_settings(parsed(json)) : v2_settings(parsed(json));
  round_cpu_quota(settings);
  std::string text;
  for (const Setting& setting : settings) text += setting.choices.front().value + ";";
  return text;
}

TEST(RoundCpuQuota, GivesTheFileWhatSystemdWillKeep) {
  EXPECT_EQ(rounded(R"({"cpu": {"quota": 33333, "period": 100000}})", false), "34000 100000;");
  EXPECT_EQ(rounded(R"({"cpu": {"quota": 33333, "period": 100000}})", true), "100000;34000;");
  EXPECT_EQ(rounded(R"({"cpu": {"quota": 50000, "period": 100000}})", false), "50000 100000;");
  EXPECT_EQ(rounded(R"({"cpu": {"quota": -1, "period": 100000}})", false), "max 100000;");
  EXPECT_EQ(rounded(R"({"unified": {"cpu.max": "1001 10000"}})", false), "1100 10000;");
}

Lines devices(const std::string& json) {
  return lines(device_properties(parsed(json).devices));
}

TEST(DeviceProperties, AllowWhatTheRulesAllow) {
  const Lines found = devices(
      R"({"devices": [{"allow": false, "access": "rwm"},
                      {"allow": true, "type": "b", "major": 8, "minor": 1, "access": "rw"},
                      {"allow": true, "type": "c", "major": 10, "access": "r"},
                      {"allow": true, "type": "c", "minor": 3, "access": "r"}]})");
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0], "DeviceAllow=");
  EXPECT_EQ(found[1], "DevicePolicy=strict");
  EXPECT_TRUE(found[2].starts_with("DeviceAllow=/dev/block/8:1 rw;char-10 r;char-* m;block-* m;"))
      << found[2];
}

TEST(DeviceProperties, OfEverythingAreNoPolicy) {
  EXPECT_EQ(devices(R"({"devices": [{"allow": true, "access": "rwm"}]})"),
            (Lines{"DeviceAllow=", "DevicePolicy=auto"}));
}

}  // namespace
}  // namespace berth::runtime::resources
