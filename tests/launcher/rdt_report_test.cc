#include "launcher/rdt_report.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/resctrl_tree.h"
#include "tests/support/temporary_folder.h"

namespace berth::launcher {
namespace {

RdtUse use() {
  RdtUse use{"job_12", "0", "job 12 step 0", "--l3=4w", 4, {}};
  use.domains.push_back({0, 4, 11, 3U << 20, uint64_t{2} << 30, uint64_t{1} << 30});
  use.domains.push_back({1, 0, 11, {}, {}, {}});
  return use;
}

TEST(RdtReport, IsOneLine) {
  EXPECT_EQ(to_line(use()),
            "job 12 step 0: L3 0: 4 of 11 ways, 3.0 MiB used, 2.0 GiB of memory traffic (1.0 GiB "
            "local, 512.0 MiB/s); L3 1: the default group's ways");
}

TEST(RdtReport, WhatWasNotCountedIsLeftOut) {
  RdtUse some = use();
  some.domains.pop_back();
  some.domains[0].local_bytes.reset();
  some.domains[0].occupancy.reset();
  some.seconds = 0;
  EXPECT_EQ(to_line(some), "job 12 step 0: L3 0: 4 of 11 ways, 2.0 GiB of memory traffic");
}

TEST(RdtReport, TheRecordIsOneObjectInOneLine) {
  const std::string record =
      to_record(use(), "n1", std::chrono::system_clock::time_point(std::chrono::seconds(86400)));
  EXPECT_EQ(std::count(record.begin(), record.end(), '\n'), 1);
  const auto json = nlohmann::json::parse(record);
  EXPECT_EQ(json.at("time"), "1970-01-02T00:00:00Z");
  EXPECT_EQ(json.at("node"), "n1");
  EXPECT_EQ(json.at("claim"), "job_12");
  EXPECT_EQ(json.at("l3").at(0).at("totalBytes"), uint64_t{2} << 30);
  EXPECT_TRUE(json.at("l3").at(1).at("occupancyBytes").is_null());
}

TEST(RdtReport, RecordsAreAddedToAFileOfRoots) {
  if (::geteuid() != 0) GTEST_SKIP() << errno_text(EPERM) << ": a file of root's";
  const test::TemporaryFolder folder;
  const std::string file = folder.path() + "/steps";
  append_record(file, "one\n");
  append_record(file, "two\n");
  EXPECT_EQ(read_file(AT_FDCWD, file), "one\ntwo\n");
  ASSERT_EQ(::chown(file.c_str(), 65534, 65534), 0);
  EXPECT_THROW(append_record(file, "three\n"), Error);
  ASSERT_EQ(::symlink(file.c_str(), (folder.path() + "/link").c_str()), 0);
  EXPECT_THROW(append_record(folder.path() + "/link", "three\n"), Error);
  EXPECT_EQ(read_file(AT_FDCWD, file), "one\ntwo\n");
}

// A claim for which there was no monitor group.
class RdtMeterOfAGroup : public testing::Test {
 protected:
  RdtMeter meter(rdt::Wish wish) {
    wish.asked = "4w";
    wish.monitored = false;
    wish.domains.l3 = {{0, 11 << 20, 4, 8}};
    const auto answer =
        rdt::take(resctrl_, tree_.state_dir(), "job_1", "job 1", std::move(wish), {});
    const auto& holding = std::get<rdt::Holding>(answer);
    EXPECT_EQ(holding.place, (rdt::Place{"berth_1", ""}));
    std::filesystem::create_directory(tree_.path() + "/resctrl/berth_1/mon_data/mon_L3_00");
    count(100, 1000);
    return {rdt::open_place(resctrl_, holding.place), holding, "job_1"};
  }
  void count(uint64_t occupancy, uint64_t total) const {
    const std::string domain = "berth_1/mon_data/mon_L3_00/";
    tree_.write(domain + "llc_occupancy", std::to_string(occupancy) + "\n");
    tree_.write(domain + "mbm_total_bytes", std::to_string(total) + "\n");
  }
  static rdt::CacheWish four_ways() { return {rdt::Amount{rdt::Amount::Unit::ways, 4}, {}, {}}; }

  const rdt::ResctrlTree tree_;
  const rdt::Resctrl resctrl_ = tree_.resctrl();
};

TEST_F(RdtMeterOfAGroup, ItsFiguresAreTheClaimsThatIsAloneInIt) {
  rdt::Wish wish;
  wish.caches.l3 = four_ways();
  RdtMeter counting = meter(wish);
  count(4096, 3000);
  counting.sample();
  const RdtUse use = counting.use();
  ASSERT_EQ(use.domains.size(), 1U);
  EXPECT_EQ(use.domains[0].ways, 4U);
  EXPECT_EQ(use.domains[0].occupancy, 4096U);
  EXPECT_EQ(use.domains[0].total_bytes, 2000U);
}

TEST_F(RdtMeterOfAGroup, AClassesFiguresAreNobodysAlone) {
  rdt::Wish wish;
  wish.of_class = rdt::ClassWish{"part", "gold", {}, {}};
  wish.of_class->of_cache.l3 = rdt::Amount{rdt::Amount::Unit::ways, 4};
  RdtMeter counting = meter(wish);
  counting.sample();
  const RdtUse use = counting.use();
  ASSERT_EQ(use.domains.size(), 1U);
  EXPECT_EQ(use.domains[0].ways, 4U);
  EXPECT_EQ(use.domains[0].occupancy, std::nullopt);
  EXPECT_EQ(use.domains[0].total_bytes, std::nullopt);
}

}  // namespace
}  // namespace berth::launcher
