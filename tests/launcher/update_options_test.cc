#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "launcher/verbs/resource_verbs.h"
#include "tests/support/message_of.h"

namespace berth::launcher {
namespace {

using test::message_of;

TEST(UpdateOptions, NothingGivenIsNothingWished) {
  const runtime::spec::Resources none = wished_resources({});
  EXPECT_FALSE(none.memory_limit || none.cpu_shares || none.cpu_idle || none.pids_limit);
  EXPECT_TRUE(none.cpus.empty());
}

TEST(UpdateOptions, BecomeResources) {
  UpdateOptions o;
  o.blkio_weight = "500";
  o.cpu_period = "100000";
  o.cpu_quota = "-1";
  o.cpu_burst = "0";
  o.cpu_share = "512";
  o.cpu_rt_period = "900000";
  o.cpu_rt_runtime = "800000";
  o.cpuset_cpus = "0-1";
  o.cpuset_mems = "0";
  o.memory = "64m";
  o.memory_reservation = "32MiB";
  o.memory_swap = "-1";
  o.cpu_idle = "0";
  o.pids_limit = "-1";
  const runtime::spec::Resources r = wished_resources(o);
  EXPECT_EQ(r.block_io.weight, 500);
  EXPECT_EQ(r.cpu_period, 100000u);
  EXPECT_EQ(r.cpu_quota, -1);
  EXPECT_EQ(r.cpu_burst, 0u);
  EXPECT_EQ(r.cpu_shares, 512u);
  EXPECT_EQ(r.cpu_realtime_period, 900000u);
  EXPECT_EQ(r.cpu_realtime_runtime, 800000);
  EXPECT_EQ(r.cpus, "0-1");
  EXPECT_EQ(r.mems, "0");
  EXPECT_EQ(r.memory_limit, 64 << 20);
  EXPECT_EQ(r.memory_reservation, 32 << 20);
  EXPECT_EQ(r.memory_swap, -1);
  EXPECT_EQ(r.cpu_idle, false);
  EXPECT_EQ(r.pids_limit, -1);
}

TEST(UpdateOptions, ZeroIsNotGiven) {
  UpdateOptions o;
  o.blkio_weight = o.cpu_period = o.cpu_quota = o.cpu_share = o.memory = o.memory_swap = "0";
  const runtime::spec::Resources r = wished_resources(o);
  EXPECT_FALSE(r.block_io.weight || r.cpu_period || r.cpu_quota || r.cpu_shares || r.memory_limit ||
               r.memory_swap);
}

struct Case {
  std::string UpdateOptions::*option;
  const char* value;
  const char* message;
};

TEST(UpdateOptions, AreRefusedByName) {
  for (const Case& bad : {
           Case{&UpdateOptions::memory, "64q",
                "--memory: '64q' is not a size such as 512m, 2g or 1048576"},
           Case{&UpdateOptions::cpu_share, "-5",
                "--cpu-share: '-5' is not a whole number of that range"},
           Case{&UpdateOptions::pids_limit, "many",
                "--pids-limit: 'many' is not a whole number of that range"},
           Case{&UpdateOptions::blkio_weight, "5",
                "--blkio-weight: '5' is not between 10 and 1000"},
           Case{&UpdateOptions::cpu_idle, "2", "--cpu-idle: '2' is not 0 or 1"},
       }) {
    UpdateOptions options;
    options.*bad.option = bad.value;
    EXPECT_EQ(message_of([&] { wished_resources(options); }), bad.message);
  }
}

}  // namespace
}  // namespace berth::launcher
