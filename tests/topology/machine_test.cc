#include "topology/machine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <ostream>

#include "base/error.h"
#include "base/file.h"

namespace berth::topology {
namespace {

struct Sample {
  const char* name;
  const char* description;
  std::vector<std::optional<unsigned>> ids;
  std::vector<unsigned> packages;
  std::vector<std::string> cpus;  // of each L3
  size_t cores, numa_nodes;
  uint64_t bytes = 0;  // of the first L3, where the description gives it
};
void PrintTo(const Sample& sample, std::ostream* out) {
  *out << sample.name;
}

const Sample kSamples[] = {
    {"single",
     "pack:1 l3:1(indexes=0 size=28160KiB) core:4 pu:1",
     {0},
     {0},
     {"0-3"},
     4,
     1,
     28160 << 10},
    {"two_sockets",
     "pack:2 [numa] l3:1(indexes=0,1 size=40MiB) core:10 pu:2",
     {0, 1},
     {0, 1},
     {"0-19", "20-39"},
     20,
     2,
     40 << 20},
    {"snc2",
     "pack:2 l3:1(indexes=0,1 size=40MiB) group:2 [numa] core:10 pu:2",
     {0, 1},
     {0, 1},
     {"0-39", "40-79"},
     40,
     4,
     40 << 20},
    {"epyc_gaps",
     "pack:2 group:2 [numa] l3:2(indexes=0,1,2,3,8,9,10,11) core:8 pu:2",
     {0, 1, 2, 3, 8, 9, 10, 11},
     {0, 0, 0, 0, 1, 1, 1, 1},
     {"0-15", "16-31", "32-47", "48-63", "64-79", "80-95", "96-111", "112-127"},
     64,
     4},
    {"odd_even",
     "pack:2 l3:1(indexes=0,1) core:2 pu:2(indexes=0,4,2,6,1,5,3,7)",
     {0, 1},
     {0, 1},
     {"0,2,4,6", "1,3,5,7"},
     4,
     1},
    {"no_id",
     "pack:2 l3:1 core:4 pu:1",
     {std::nullopt, std::nullopt},
     {0, 1},
     {"0-3", "4-7"},
     8,
     1},
    {"no_l3", "pack:1 core:4 pu:1", {}, {}, {}, 4, 1},
    {"cluster_on_die",
     "pack:2 l3:2(indexes=0,1,2,3 size=20MiB) core:5 pu:1",
     {0, 1, 2, 3},
     {0, 0, 1, 1},
     {"0-4", "5-9", "10-14", "15-19"},
     20,
     1,
     20 << 20},
};

class Machines : public testing::TestWithParam<Sample> {};

void expect_sample(const Machine& machine, const Sample& sample) {
  ASSERT_EQ(machine.l3().size(), sample.ids.size());
  for (size_t i = 0; i < sample.ids.size(); ++i) {
    EXPECT_EQ(machine.l3()[i].cache_id, sample.ids[i]) << i;
    EXPECT_EQ(machine.l3()[i].package, sample.packages[i]) << i;
    EXPECT_EQ(machine.l3()[i].cpus.to_list(), sample.cpus[i]) << i;
  }
  if (sample.bytes != 0) {
    EXPECT_EQ(machine.l3().front().bytes, sample.bytes);
  }
  EXPECT_EQ(machine.cores().size(), sample.cores);
  EXPECT_EQ(machine.numa_nodes().size(), sample.numa_nodes);
  EXPECT_FALSE(machine.is_this_system());
}

TEST_P(Machines, AreReadFromTheirDescription) {
  expect_sample(Machine::synthetic(GetParam().description), GetParam());
}

TEST_P(Machines, AreTheSameAfterATripThroughXml) {
  const Machine machine = Machine::synthetic(GetParam().description);
  char path[] = "/tmp/berth-machine-XXXXXX";
  const UniqueFd file(mkstemp(path));
  write_all(file.get(), xml_of_synthetic(GetParam().description), path);
  const Machine again = Machine::from_xml(path);
  std::filesystem::remove(path);
  expect_sample(again, GetParam());
  EXPECT_TRUE(std::ranges::equal(again.l3(), machine.l3()));
  EXPECT_TRUE(std::ranges::equal(again.cores(), machine.cores()));
  EXPECT_TRUE(std::ranges::equal(again.numa_nodes(), machine.numa_nodes()));
  EXPECT_EQ(again.cpus(), machine.cpus());
}

INSTANTIATE_TEST_SUITE_P(Synthetic, Machines, testing::ValuesIn(kSamples),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(Machine, LoadSeesTheRealMachine) {
  const Machine machine = Machine::load();
  EXPECT_TRUE(machine.is_this_system());
  EXPECT_TRUE(CpuSet::of_task(0).is_subset_of(machine.cpus()));
  EXPECT_GE(machine.cores().size(), 1U);
  for (const L3Domain& domain : machine.l3()) {
    const std::string directory = "/sys/devices/system/cpu/cpu" +
                                  std::to_string(domain.cpus.cpus().front()) + "/cache/index3/";
    const auto id = read_file_if_exists(AT_FDCWD, directory + "id");
    if (id) {
      EXPECT_EQ(std::to_string(domain.cache_id.value()) + "\n", *id);
    }
  }
}

TEST(Machine, LoadIsNotFooledByTheEnvironment) {
  const Machine real = Machine::load();
  char path[] = "/tmp/berth-machine-XXXXXX";
  const UniqueFd file(mkstemp(path));
  write_all(file.get(), xml_of_synthetic("pack:3 l3:1(indexes=7,8,9) core:4 pu:1"), path);
  const std::pair<const char*, const char*> lies[] = {
      {"HWLOC_SYNTHETIC", "pack:3 l3:1(indexes=7,8,9) core:4 pu:1"},
      {"HWLOC_XMLFILE", path},
      {"HWLOC_FSROOT", "/nowhere"},
      {"HWLOC_COMPONENTS", "synthetic,stop"}};
  for (const auto& [name, value] : lies) {
    ASSERT_EQ(setenv(name, value, 1), 0);
    ASSERT_EQ(setenv("HWLOC_THISSYSTEM", "1", 1), 0);
    const Machine machine = Machine::load();
    EXPECT_TRUE(machine.is_this_system()) << name;
    EXPECT_TRUE(std::ranges::equal(machine.l3(), real.l3())) << name;
    EXPECT_EQ(machine.cpus(), real.cpus()) << name;
    // The user's own programs find their variables as they left them.
    EXPECT_STREQ(getenv(name), value);
    EXPECT_STREQ(getenv("HWLOC_THISSYSTEM"), "1");
    unsetenv(name);
  }
  EXPECT_FALSE(Machine::synthetic("pack:1 core:1 pu:1").is_this_system());
  EXPECT_FALSE(Machine::from_xml(path).is_this_system());
  unsetenv("HWLOC_THISSYSTEM");
  std::filesystem::remove(path);
}

TEST(Machine, SaysWhatItCannotRead) {
  try {
    Machine::synthetic("pack:x");
    FAIL() << "no exception";
  } catch (const Error& e) {
    EXPECT_EQ(e.message(), "read synthetic machine 'pack:x': invalid argument");
  }
  try {
    Machine::from_xml("/nowhere.xml");
    FAIL() << "no exception";
  } catch (const Error& e) {
    EXPECT_EQ(e.message(), "read hwloc XML '/nowhere.xml': no such file or directory");
  }
}

}  // namespace
}  // namespace berth::topology
