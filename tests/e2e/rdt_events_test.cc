// What `events` tells of the cache of a container that was put into a resctrl group.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "rdt/resctrl.h"
#include "tests/support/made_bundle.h"
#include "tests/support/shell.h"
#include "tests/support/temporary_folder.h"

namespace berth::test {
namespace {

using nlohmann::json;

const std::string kBerth = BERTH_BINARY_DIR "/berth";

class RdtEvents : public ::testing::Test {
 protected:
  void SetUp() override {
    resctrl_ = rdt::Resctrl::open();
    if (!resctrl_) GTEST_SKIP() << "/sys/fs/resctrl: " << errno_text(ENOENT);
    const Ran made = berth({"run", "-d", "-b", bundle_.path(), name_});
    ASSERT_EQ(made.status, 0) << made;
  }
  void TearDown() override {
    if (!resctrl_) return;
    EXPECT_EQ(berth({"delete", "--force", name_}).status, 0);
    resctrl_->remove(name_);
  }
  Ran berth(std::vector<std::string> words) const {
    words.insert(words.begin(), {kBerth, "--root", state_.path() + "/root"});
    return run(words);
  }
  json figures() const {
    const Ran ran = berth({"events", "--stats", name_});
    EXPECT_EQ(ran.status, 0) << ran;
    return json::parse(ran.out)["data"]["intel_rdt"];
  }
  pid_t pid() const { return json::parse(berth({"state", name_}).out)["pid"].get<pid_t>(); }

  const std::string name_ = "rdtevents_" + std::to_string(::getpid());
  const TemporaryFolder state_;
  const MadeBundle bundle_{{"--arg", "sleep", "--arg", "1000"}};
  std::optional<rdt::Resctrl> resctrl_;
};

TEST_F(RdtEvents, OfItsOwnGroupAloneTheMasksAndTheFigures) {
  EXPECT_EQ(figures(), json::object()) << "the default group is everybody's";
  const rdt::Group group = resctrl_->create(name_);
  const unsigned domain = resctrl_->capability().caches.l3->domains.front();
  group.write({{{"L3", {{domain, 0x3}}}, {"MB", {{domain, 50}}}}});
  ASSERT_TRUE(group.add_task(pid()));

  const json rdt = figures();
  EXPECT_EQ(rdt["l3_cache_info"]["cbm_mask"], resctrl_->capability().caches.l3->full.to_hex())
      << rdt;
  const auto line = [domain](const json& schema) {
    return rdt::parse_schemata(schema.get<std::string>()).resources.begin()->second.at(domain);
  };
  EXPECT_EQ(line(rdt["l3_cache_schema"]), 0x3U) << rdt;
  EXPECT_EQ(line(rdt["l3_cache_schema_root"]), resctrl_->capability().caches.l3->full.bits())
      << rdt;
  EXPECT_EQ(line(rdt["mem_bw_schema"]), 50U) << rdt;
  const size_t domains = resctrl_->capability().caches.l3->domains.size();
  EXPECT_EQ(rdt["cmt_stats"].size(), domains) << rdt;
  EXPECT_EQ(rdt["mbm_stats"].size(), domains) << rdt;
}

}  // namespace
}  // namespace berth::test
