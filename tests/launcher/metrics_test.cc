#include "launcher/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "rdt/observe.h"
#include "tests/launcher/node_of_claims.h"
#include "tests/support/shell.h"
#include "tests/support/temporary_folder.h"

namespace berth::launcher {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Key;
using testing::Not;
using testing::Pair;

// The text format, strictly: each metric's HELP, then its TYPE, then at least one sample, and
// nowhere another of it; no sample twice. Gives the samples as they are written.
std::map<std::string, std::string> parse(const std::string& text) {
  const std::regex help("# HELP ([a-z][a-z0-9_]*) [^\\\\]+"),
      type("# TYPE ([a-z][a-z0-9_]*) (gauge|counter)"),
      sample(
          "([a-z][a-z0-9_]*)(\\{[a-z_]+=\"([^\"\\\\\n]|\\\\[\\\\\"n])*\""
          "(,[a-z_]+=\"([^\"\\\\\n]|\\\\[\\\\\"n])*\")*\\})? ([0-9]+)");
  std::map<std::string, std::string> samples;
  std::set<std::string> seen;
  std::string helped, typed;
  bool sampled = true, counter = false;
  EXPECT_TRUE(text.ends_with('\n'));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (std::regex_match(line, match, help)) {
      EXPECT_TRUE(sampled) << "no sample before " << line;
      helped = match[1];
      EXPECT_TRUE(seen.insert(helped).second) << line;
    } else if (std::regex_match(line, match, type)) {
      typed = match[1];
      EXPECT_EQ(typed, helped);
      sampled = false;
      counter = match[2] == "counter";
      EXPECT_EQ(typed.ends_with("_total"), counter) << line;
    } else if (std::regex_match(line, match, sample)) {
      EXPECT_EQ(match[1], typed) << line;
      sampled = true;
      EXPECT_TRUE(samples.emplace(match[1].str() + match[2].str(), match[6]).second) << line;
    } else {
      ADD_FAILURE() << "no line of the format: " << line;
    }
  }
  return samples;
}

class Metrics : public testing::Test {
 protected:
  std::map<std::string, std::string> samples(const rdt::Rules& rules = {}) {
    const NodeFacts facts = node_.facts();
    return parse(to_prometheus(facts, read_counters(node_.resctrl(), facts.layout),
                               rdt::rmids_in_use(node_.resctrl()), rules));
  }
  test::NodeOfClaims node_;
};

TEST_F(Metrics, ANodeWithClaims) {
  node_.add_claim("job_1", "0-3", "4w");
  node_.add_claim("job_2", "8-15", "2w", /*shared=*/true);
  node_.tree().add_stranger("COS1", "L3:0=600;1=600\n");
  node_.count("berth_1/mon_groups/job_1/mon_data/mon_L3_00", 1 << 20, 1000, 900);
  node_.count("berth_1/mon_groups/job_1.0/mon_data/mon_L3_00", 5, 6, 7);
  node_.count("COS1/mon_data/mon_L3_01", 11, 12, 13);
  node_.count("mon_data/mon_L3_00", 21, 22, 23);
  const auto all = samples();
  for (
      const auto& expected : std::map<std::string, std::string>{
          {"berth_resctrl_mounted", "1"},
          {R"(berth_cache_ways{cache="L3",cache_id="0"})", "11"},
          {R"(berth_claim_ways{claim="job_1",hold="exclusive",cache="L3",cache_id="0"})", "4"},
          {R"(berth_claim_ways{claim="job_2",hold="shared",cache="L3",cache_id="1"})", "2"},
          {R"(berth_default_group_ways{cache="L3",cache_id="0"})", "7"},
          {R"(berth_default_group_ways{cache="L3",cache_id="1"})", "11"},
          {"berth_closids", "8"},
          {"berth_closids_used", "3"},
          {"berth_foreign_groups", "1"},
          {"berth_rmids", "64"},
          {"berth_rmids_used", "6"},
          {R"(berth_llc_occupancy_bytes{claim="job_1",group="berth_1",monitor="job_1",cache_id="0"})",
           "1048576"},
          {R"(berth_memory_traffic_bytes_total{claim="job_1",group="berth_1",monitor="job_1.0",cache_id="0"})",
           "6"},
          {R"(berth_memory_traffic_local_bytes_total{claim="",group="COS1",monitor="",cache_id="1"})",
           "13"},
          {R"(berth_llc_occupancy_bytes{claim="",group="",monitor="",cache_id="0"})", "21"}}) {
    EXPECT_THAT(all, Contains(Pair(expected.first, expected.second)));
  }
}

TEST_F(Metrics, FreeWaysAreWhatThePolicyLeaves) {
  node_.add_claim("job_1", "0-3", "4w");
  const auto free = [&](const rdt::Rules& rules) {
    return samples(rules).at(R"(berth_free_ways{cache="L3",cache_id="0"})");
  };
  EXPECT_EQ(free({}), "5") << "2 of 11 are I/O's, the higher of them the floor";
  rdt::Rules rules;
  rules.floor_ways = 4;
  EXPECT_EQ(free(rules), "3");
}

TEST_F(Metrics, NoFigureIsNoSample) {
  node_.count("mon_data/mon_L3_00", 1, 2, 3);
  node_.tree().write("mon_data/mon_L3_00/llc_occupancy", "Unavailable\n");
  const auto all = samples();
  EXPECT_THAT(all, Not(Contains(Key(HasSubstr("occupancy")))));
  EXPECT_THAT(all, Contains(Key(HasSubstr("berth_memory_traffic_bytes_total"))));
}

TEST_F(Metrics, NamesOfOthersAreEscaped) {
  node_.tree().add_stranger("a\"b\\c", "L3:0=600;1=600\n");
  node_.count("a\"b\\c/mon_data/mon_L3_00", 1, 2, 3);
  EXPECT_THAT(samples(), Contains(Key(HasSubstr(R"(group="a\"b\\c")"))));
  const CountedHolder odd{HolderKind::foreign, "a\nb", "a\nb", {{"a\nb", "", {{0, 1, 2, 3}}}}};
  EXPECT_THAT(parse(to_prometheus(node_.facts(), {odd}, 1, {})),
              Contains(Key(HasSubstr(R"(group="a\nb")"))));
}

TEST(MetricsWithoutResctrl, SayThatAlone) {
  const auto machine = topology::Machine::synthetic("pack:1 l3:1(indexes=0) core:2 pu:1");
  EXPECT_THAT(parse(to_prometheus({machine, {}, {}, {}, {}}, {}, 0, {})),
              ElementsAre(Pair("berth_resctrl_mounted", "0")));
}

TEST(MetricsFile, IsReplacedAtOnce) {
  const test::TemporaryFolder folder;
  const std::string berth = BERTH_BINARY_DIR "/berth";
  const std::string file = folder.write("berth.prom", "old\n");
  const test::Ran written = test::run({berth, "show", "--prometheus", file});
  ASSERT_EQ(written.status, 0) << written;
  EXPECT_EQ(written.out, "");
  const test::Ran printed = test::run({berth, "show", "--prometheus", "-"});
  EXPECT_EQ(printed.status, 0);
  EXPECT_THAT(parse(printed.out), Contains(Key("berth_resctrl_mounted")));
  EXPECT_THAT(test::run({"cat", file}).out, HasSubstr("# TYPE berth_resctrl_mounted gauge\n"));
  EXPECT_EQ(test::run({"ls", "-A", folder.path()}).out, "berth.prom\n");
  EXPECT_EQ(test::run({"stat", "-c", "%a", file}).out, "644\n");
  const test::Ran no_folder = test::run({berth, "show", "--prometheus", "/none/berth.prom"});
  EXPECT_EQ(no_folder.status, 125);
  EXPECT_THAT(no_folder.err, HasSubstr("/none"));
}

TEST(MetricsFile, HasAFormOfItsOwn) {
  const test::TemporaryFolder folder;
  const std::string berth = BERTH_BINARY_DIR "/berth", file = folder.path() + "/berth.prom";
  const std::vector<std::vector<std::string>> both{
      {berth, "show", "--format", "json", "--prometheus", file},
      {berth, "show", "--prometheus", file, "--format", "text"}};
  for (const auto& words : both) {
    const test::Ran ran = test::run(words);
    EXPECT_EQ(ran.status, 125);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err, "berth: --format excludes --prometheus (see berth --help)\n");
  }
  EXPECT_EQ(test::run({"ls", "-A", folder.path()}).out, "");
}

}  // namespace
}  // namespace berth::launcher
