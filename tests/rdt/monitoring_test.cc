#include "rdt/monitoring.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/message_of.h"
#include "tests/support/resctrl_tree.h"

namespace berth::rdt {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Monitoring : public testing::Test {
 protected:
  void figure(const std::string& domain, const std::string& event, const std::string& text) const {
    std::filesystem::create_directories(tree_.path() + "/resctrl/mon_data/" + domain);
    tree_.write("mon_data/" + domain + "/" + event, text);
  }
  std::vector<DomainFigures> read() const { return read_figures(resctrl_.root()); }

  const ResctrlTree tree_;
  const Resctrl resctrl_ = tree_.resctrl();
};

TEST_F(Monitoring, FiguresOfEachDomainByItsNumber) {
  figure("mon_L3_10", "llc_occupancy", "7\n");
  figure("mon_L3_02", "llc_occupancy", "4096\n");
  figure("mon_L3_02", "mbm_total_bytes", "18446744073709551615\n");
  figure("mon_L3_02", "mbm_local_bytes", "0\n");
  EXPECT_THAT(read(), ElementsAre(DomainFigures{2, 4096, UINT64_MAX, 0},
                                  DomainFigures{10, 7, std::nullopt, std::nullopt}));
}

TEST_F(Monitoring, NoFigureIsNotZero) {
  figure("mon_L3_00", "llc_occupancy", "Unavailable\n");
  figure("mon_L3_00", "mbm_total_bytes", "Error\n");
  figure("mon_L3_00", "mbm_local_bytes", "Unassigned\n");
  EXPECT_THAT(read(), ElementsAre(DomainFigures{}));
}

// With sub-NUMA clusters each part has a folder in its domain's, whose own files are the sums.
TEST_F(Monitoring, PartsOfADomainAreNoDomains) {
  figure("mon_L3_00", "llc_occupancy", "9\n");
  figure("mon_L3_00/mon_sub_L3_00", "llc_occupancy", "4\n");
  figure("mon_PERF_PKG_00", "core_energy", "1.5\n");
  EXPECT_THAT(read(), ElementsAre(DomainFigures{0, 9, std::nullopt, std::nullopt}));
}

TEST_F(Monitoring, AnythingElseIsAnErrorThatShowsIt) {
  figure("mon_L3_00", "llc_occupancy", "12 bytes\n");
  EXPECT_EQ(test::message_of([&] { read(); }), "resctrl: llc_occupancy: '12 bytes' is no number");
}

TEST_F(Monitoring, NothingIsCountedOnAMountWithoutMonitoring) {
  const ResctrlTree without({.monitor = false});
  EXPECT_THAT(read_figures(without.resctrl().root()), IsEmpty());
}

TEST(ControlGroup, IsTheFirstLineOfTheKernels) {
  EXPECT_EQ(parse_control_group("res:berth_job_7\nmon:berth_step\n"), "berth_job_7");
  EXPECT_EQ(parse_control_group("res:/\nmon:/\n"), "") << "the default group";
  EXPECT_EQ(parse_control_group("res:\nmon:\n"), std::nullopt) << "not mounted";
  EXPECT_EQ(parse_control_group(""), std::nullopt);
}

}  // namespace
}  // namespace berth::rdt
