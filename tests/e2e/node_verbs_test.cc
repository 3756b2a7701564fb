// top, doctor, show --prometheus and plan --what-if beside a kernel's resctrl.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "rdt/resctrl.h"
#include "tests/support/made_bundle.h"
#include "tests/support/shell.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kBerth = BERTH_BINARY_DIR "/berth";

class NodeVerbs : public ::testing::Test {
 protected:
  void SetUp() override {
    resctrl_ = rdt::Resctrl::open();
    if (!resctrl_) GTEST_SKIP() << "/sys/fs/resctrl: " << errno_text(ENOENT);
    domain_ = resctrl_->capability().caches.l3->domains.front();
  }
  void TearDown() override {
    if (resctrl_) resctrl_->remove("COS3");
  }
  static Ran berth(std::vector<std::string> words) {
    words.insert(words.begin(), kBerth);
    return run(words);
  }
  // The rows of the last reading.
  static json top() {
    const Ran ran = berth({"top", "--format", "json", "--count", "1", "--interval", "200ms"});
    EXPECT_EQ(ran.status, 0) << ran;
    return json::parse(ran.out).at("rows");
  }
  static const json* row_of(const json& rows, const std::string& holder) {
    for (const json& row : rows) {
      if (row.at("holder") == holder) return &row;
    }
    return nullptr;
  }

  std::optional<rdt::Resctrl> resctrl_;
  unsigned domain_ = 0;
};

TEST_F(NodeVerbs, AFreshNodeHasNoProblem) {
  const Ran ran = berth({"doctor"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("ok       cpu: "), HasSubstr("ok       mount: at"),
                             HasSubstr("ok       CLOSIDs: "), HasSubstr("ok       topology: ")));
  EXPECT_THAT(ran.out, Not(HasSubstr("problem")));
  EXPECT_EQ(json::parse(berth({"doctor", "--format", "json"}).out).at("problem"), false);
}

TEST_F(NodeVerbs, AnothersGroupIsSeenByAll) {
  const rdt::Group group = resctrl_->create("COS3");
  const Ran wide = berth({"doctor"});
  EXPECT_EQ(wide.status, 1) << "the kernel gives a new group every way: " << wide;
  EXPECT_THAT(wide.out, AllOf(HasSubstr("note     group COS3: pqos's"),
                              HasSubstr("nothing is left to hand out")));
  const rdt::Capability capability = resctrl_->capability();
  rdt::Schemata narrow;
  for (const unsigned domain : capability.caches.l3->domains) {
    narrow.resources["L3"][domain] = 0x400;
  }
  group.write(narrow);
  EXPECT_EQ(berth({"doctor"}).status, 0);
  const json rows = top();
  const json* row = row_of(rows, "COS3");
  ASSERT_NE(row, nullptr) << rows;
  EXPECT_EQ(row->at("kind"), "foreign");
  EXPECT_EQ(row->at("ways"), 1);
  EXPECT_THAT(berth({"show", "--prometheus", "-"}).out, HasSubstr("\nberth_foreign_groups 1\n"));
}

TEST_F(NodeVerbs, WhatSlurmIsToCountOfThem) {
  const rdt::CacheCapability l3 = *resctrl_->capability().caches.l3;
  const Ran ran = berth({"gres", "--node", "n1"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(ran.out,
              AllOf(HasSubstr("\nGresTypes=l3way\n"), HasSubstr("\nNodeName=n1 Name=l3way Cores=0"),
                    HasSubstr("  [\"*\"] = { ways = " + std::to_string(l3.full.count()))));
  const json said = json::parse(berth({"gres", "--format", "json"}).out);
  EXPECT_EQ(said.at("l3").size(), l3.domains.size());
  // The default group keeps the top way, which is I/O's too where anything is.
  const unsigned kept = std::max(l3.shareable.count(), l3.min_ways);
  EXPECT_EQ(said.at("grantable"), l3.full.count() - kept);
  EXPECT_EQ(said.at("gres"),
            "l3way:" + std::to_string((l3.full.count() - kept) * l3.domains.size()));
}

TEST_F(NodeVerbs, AClaimAsItRuns) {
  const MadeBundle bundle({});
  Running launched({kBerth, "launch", "--bundle", bundle.path(), "--cores", "0", "--l3", "3w", "--",
                    "sh", "-c", "echo up; while :; do :; done"});
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (launched.out_so_far() != "up\n" && std::chrono::steady_clock::now() < deadline) {
    ::usleep(20'000);
  }
  ASSERT_EQ(launched.out_so_far(), "up\n");

  const json rows = top();
  const json* row = nullptr;
  for (const json& one : rows) {
    if (one.at("kind") == "claim") row = &one;
  }
  ASSERT_NE(row, nullptr) << rows;
  EXPECT_EQ(row->at("ways"), 3);
  EXPECT_EQ(row->at("cacheId"), domain_);
  EXPECT_EQ(row->at("cpus"), "0");
  EXPECT_TRUE(row->at("occupancyBytes").is_number()) << rows;
  EXPECT_TRUE(row->at("totalBytesPerSecond").is_number()) << rows;
  const std::string claim = row->at("name");

  EXPECT_EQ(berth({"doctor"}).status, 0);
  EXPECT_THAT(
      berth({"show", "--prometheus", "-"}).out,
      HasSubstr("berth_claim_ways{claim=\"" + claim + "\",hold=\"exclusive\",cache=\"L3\""));
  const Ran tried = berth(
      {"plan", "--what-if", "l3=8w,cores=0", "--release", claim, "--what-if", "l3=8w,cores=0"});
  EXPECT_EQ(tried.status, 1) << tried;
  EXPECT_THAT(tried.out, AllOf(HasSubstr("refused"), HasSubstr("2. " + claim + ": given back\n"),
                               HasSubstr("3. what_if_3: l3=8w,cores=0: granted")));

  // On a terminal, which script(1) makes.
  const Ran page = run({"script", "-qec", kBerth + " top --count 2 --interval 200ms", "/dev/null"},
                       {.more = {{"TERM", "xterm"}}});
  EXPECT_THAT(page.out, AllOf(HasSubstr("\033[?1049h"), HasSubstr("launch"),
                              HasSubstr("\033[?25h\033[?1049l")));

  EXPECT_EQ(run({"rmdir", "/sys/fs/resctrl/" + resctrl_->group_names().at(0)}).status, 0);
  const Ran robbed = berth({"doctor"});
  EXPECT_EQ(robbed.status, 1);
  EXPECT_THAT(robbed.out, AllOf(HasSubstr("was removed by somebody"), HasSubstr("-> berth reap")));

  ::kill(launched.pid(), SIGKILL);
  (void)launched.wait();
  EXPECT_THAT(berth({"doctor"}).out, HasSubstr("none of its holders lives"));
  EXPECT_EQ(berth({"reap"}).status, 0);
  const Ran after = berth({"doctor"});
  EXPECT_EQ(after.status, 0) << after;
}

}  // namespace
}  // namespace berth::test
