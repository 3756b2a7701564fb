#include "runtime/resources/stat_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace berth::runtime::resources {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

TEST(StatFile, KeyedNumbers) {
  EXPECT_THAT(keyed_numbers("cache 4096\nrss 7\n"),
              ElementsAre(Pair("cache", 4096), Pair("rss", 7)));
  EXPECT_THAT(keyed_numbers("a 1\nbroken\nb x\nc 1 2\n"), ElementsAre(Pair("a", 1)));
}

TEST(StatFile, NumbersAndNone) {
  EXPECT_EQ(number("42\n"), 42u);
  EXPECT_EQ(number("max\n"), UINT64_MAX);
  EXPECT_EQ(number("9223372036854771712\n"), 9223372036854771712U) << "v1's way to say none";
  EXPECT_EQ(number(""), 0u);
  EXPECT_THAT(numbers("1 20 \n"), ElementsAre(1, 20));
}

TEST(StatFile, Lists) {
  EXPECT_THAT(listed("0-2,8\n"), ElementsAre(0, 1, 2, 8));
  EXPECT_THAT(listed("\n"), IsEmpty());
  EXPECT_THAT(listed("65535\n"), ElementsAre(65535));
}

TEST(StatFile, Pressure) {
  const auto found = pressure(
      "some avg10=1.50 avg60=0.25 avg300=0.00 total=77\nfull avg10=0.00 avg60=0.00 avg300=0.00 "
      "total=5\n");
  EXPECT_EQ(found.some, (PressureLine{1.5, 0.25, 0, 77}));
  EXPECT_EQ(found.full, (PressureLine{0, 0, 0, 5}));
}

TEST(StatFile, BlockIo) {
  EXPECT_THAT(v1_block_io("8:0 Read 4096\n8:0 Total 4096\nTotal 4096\n"),
              ElementsAre(BlockIoEntry{8, 0, "Read", 4096}, BlockIoEntry{8, 0, "Total", 4096}));
  BlockIoStats stats;
  read_io_stat("254:1 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n254:2 \n", stats);
  EXPECT_THAT(stats.bytes,
              ElementsAre(BlockIoEntry{254, 1, "Read", 1}, BlockIoEntry{254, 1, "Write", 2},
                          BlockIoEntry{254, 1, "Discard", 5}));
  EXPECT_THAT(stats.operations,
              ElementsAre(BlockIoEntry{254, 1, "Read", 3}, BlockIoEntry{254, 1, "Write", 4},
                          BlockIoEntry{254, 1, "Discard", 6}));
}

TEST(StatsEvent, HasTheNamesThatEnginesRead) {
  Stats stats;
  stats.cpu.total = 10;
  stats.cpu.periods = 3;
  stats.cpuset.cpus = {0, 1};
  stats.memory.usage = {.limit = UINT64_MAX, .usage = 5, .max = 6, .failcnt = 0};
  stats.memory.raw = {{"cache", 1}};
  stats.pids = {.current = 1, .limit = 0};
  stats.block_io.bytes = {{8, 0, "Read", 4096}};
  stats.hugepages["2MB"] = {.usage = 2097152, .max = 0, .failcnt = 1};
  EXPECT_EQ(
      stats_event("c1", stats),
      R"({"type":"stats","id":"c1","data":{"cpu":{"usage":{"total":10,"kernel":0,"user":0},)"
      R"("throttling":{"periods":3}},"cpuset":{"cpus":[0,1],"cpu_exclusive":0,"mem_hardwall":0,)"
      R"("mem_exclusive":0,"memory_migrate":0,"memory_spread_page":0,"memory_spread_slab":0,)"
      R"("memory_pressure":0,"sched_load_balance":0,"sched_relax_domain_level":0},)"
      R"("memory":{"usage":{"limit":18446744073709551615,"usage":5,"max":6,"failcnt":0},)"
      R"("swap":{"limit":0,"failcnt":0},"kernel":{"limit":0,"failcnt":0},)"
      R"("kernelTCP":{"limit":0,"failcnt":0},"raw":{"cache":1}},"pids":{"current":1},)"
      R"("blkio":{"ioServiceBytesRecursive":[{"major":8,"op":"Read","value":4096}]},)"
      R"("hugetlb":{"2MB":{"usage":2097152,"failcnt":1}},"intel_rdt":{},)"
      R"("network_interfaces":null}})");
  EXPECT_EQ(plain_event("oom", "c1"), R"({"type":"oom","id":"c1"})");
}

TEST(StatsEvent, TellsWhatTheCacheGroupHoldsAndUses) {
  Stats stats;
  stats.rdt = {.cache = RdtCacheInfo{.cbm_mask = "7ff", .min_cbm_bits = 1, .num_closids = 16},
               .cache_schema_root = "L3:0=7f0",
               .cache_schema = "L3:0=f",
               .bandwidth = RdtBandwidthInfo{.granularity = 10, .min = 10, .num_closids = 8},
               .bandwidth_schema_root = "MB:0=100",
               .bandwidth_schema = "MB:0=50",
               .mbm = {{.total_bytes = 3, .local_bytes = 2}},
               .occupancy = {4096}};
  EXPECT_THAT(
      stats_event("c1", stats),
      HasSubstr(
          R"("intel_rdt":{"l3_cache_info":{"cbm_mask":"7ff","min_cbm_bits":1,"num_closids":16},)"
          R"("l3_cache_schema_root":"L3:0=7f0","l3_cache_schema":"L3:0=f",)"
          R"("mem_bw_info":{"bandwidth_gran":10,"min_bandwidth":10,"num_closids":8},)"
          R"("mem_bw_schema_root":"MB:0=100","mem_bw_schema":"MB:0=50",)"
          R"("mbm_stats":[{"mbm_total_bytes":3,"mbm_local_bytes":2}],)"
          R"("cmt_stats":[{"llc_occupancy":4096}]})"));
}

}  // namespace
}  // namespace berth::runtime::resources
