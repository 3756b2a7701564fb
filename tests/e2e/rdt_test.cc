// The main job's cache part, on a kernel's own resctrl with two sockets: which ways a Slurm job
// gets, who names them, what the processors were told, and that nothing of it stays. Runs in the
// guest; skips where resctrl is not mounted.
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "tests/e2e/rdt_job.h"

namespace berth::test {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// A register of a CPU (module msr): IA32_L3_QOS_MASK_n is 0xc90 + n.
uint64_t read_msr(unsigned cpu, unsigned number) {
  const UniqueFd fd = open_file(AT_FDCWD, "/dev/cpu/" + std::to_string(cpu) + "/msr", O_RDONLY);
  uint64_t value = 0;
  check(::pread(fd.get(), &value, sizeof value, number), "read msr", std::to_string(number));
  return value;
}

bool some_class_has(unsigned cpu, rdt::WayMask mask) {
  for (unsigned closid = 1; closid < 16; ++closid) {
    if (read_msr(cpu, 0xc90 + closid) == mask.bits()) return true;
  }
  return false;
}

std::string record_file() {
  return "/tmp/berth-rdt-test-" + std::to_string(::getpid()) + ".jsonl";
}

class RdtOfAJob : public RdtJob {
 protected:
  static void SetUpTestSuite() { start_with({}, policy()); }
  static std::string policy() { return R"({"rdt": {"record": ")" + record_file() + R"("}})"; }
  static void TearDownTestSuite() {
    BerthSlurm::TearDownTestSuite();
    ::unlink(record_file().c_str());
  }
};

TEST_F(RdtOfAJob, OnSocketOneGetsWaysThereAlone) {
  Job filler = start_job(2, {});  // takes socket 0
  ASSERT_THAT(filler.said, SizeIs(2));
  Job job = start_job(2, {"--l3=50%"});
  ASSERT_THAT(job.said, SizeIs(2)) << "no task spoke";
  const std::string group = job.group();
  for (const std::string& line : job.said) {
    EXPECT_THAT(line, ::testing::MatchesRegex(".* [23](-3)? /?berth_[0-9]+")) << line;
    EXPECT_EQ(group_of(line), group);
  }
  EXPECT_TRUE(
      std::filesystem::exists(std::string(kResctrl) + "/" + group + "/mon_groups/job_" + job.id));

  const rdt::WayMask ways = mask_of(group, 1), rest = mask_of("", 1);
  EXPECT_EQ(ways.count(), 6U);
  EXPECT_TRUE(ways.contiguous());
  EXPECT_FALSE(ways.intersects(rest)) << "exclusive";
  EXPECT_EQ(mask_of("", 0), rdt::WayMask(0x7ff)) << "the default shrank on socket 1 only";
  EXPECT_EQ(rest, rdt::WayMask(0x7c0));
  EXPECT_TRUE(some_class_has(2, ways)) << "the processors of socket 1 were told";
  EXPECT_FALSE(some_class_has(0, ways)) << "those of socket 0 were not";

  const Ran shown = run({built_berth(), "show"});
  EXPECT_THAT(shown.out, HasSubstr("job " + job.id)) << shown;
  EXPECT_THAT(shown.out, HasSubstr("6 ways, exclusive (asked --l3=50%)")) << shown;
  end_job(job);
  end_job(filler);
}

TEST_F(RdtOfAJob, TwoOnOneSocketGetDisjointWaysAndAThirdIsRefusedWithTheNumbers) {
  Job first = start_job(1, {"--l3=40%"}), second = start_job(1, {"--l3=2w"});
  ASSERT_THAT(first.said, SizeIs(1));
  ASSERT_THAT(second.said, SizeIs(1));
  const rdt::WayMask one = mask_of(first.group(), 0);
  const rdt::WayMask two = mask_of(second.group(), 0);
  EXPECT_EQ(one.count(), 5U);
  EXPECT_EQ(two.count(), 2U);
  EXPECT_FALSE(one.intersects(two));
  EXPECT_FALSE((one | two).intersects(mask_of("", 0)));
  end_job(second);

  const Ran refused =
      contained({"-n1", "--mem=20", "-m", "block:block", "--l3=50%"}, {"sh", "-c", "echo ran"});
  EXPECT_EQ(refused.status, 125) << refused;
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err,
              HasSubstr("berth: --l3=50% refused: L3 0: 6 of 11 ways asked, 4 free (default keeps "
                        "1, jobs hold 5, I/O shares 1)"));
  end_job(first);
}

// As pqos -R does: the kernel moves the tasks of what it removes to the default group.
TEST_F(RdtOfAJob, TasksGoBackToTheGroupThatIsMadeAgain) {
  Job job = start_job(2, {"--l3=3w"});
  ASSERT_THAT(job.said, SizeIs(2));
  const std::string group = job.group(), own = schemata_line(group, "L3");
  const auto groups_of_tasks = [&] {
    std::vector<std::string> groups;
    for (const std::string& line : job.said) {
      std::istringstream words(line);
      std::string id, number;
      words >> id >> number;
      const std::string said = read_file(AT_FDCWD, "/proc/" + number + "/cpu_resctrl_groups");
      groups.push_back(said.substr(0, said.find('\n')));
    }
    return groups;
  };
  ASSERT_THAT(groups_of_tasks(), Each("res:" + group));
  ASSERT_TRUE(std::filesystem::remove(std::string(kResctrl) + "/" + group));
  ASSERT_THAT(groups_of_tasks(), Each("res:/"));
  const Ran reaped = run({built_berth(), "reap"});
  EXPECT_THAT(reaped.out, HasSubstr("gave group '" + group + "' of job " + job.id));
  EXPECT_THAT(reaped.out, HasSubstr("of job " + job.id + " back into group '" + group + "'"));
  EXPECT_THAT(groups_of_tasks(), Each("res:" + group));
  EXPECT_EQ(schemata_line(group, "L3"), own);
  EXPECT_EQ(run({built_berth(), "reap"}).out, "nothing to do\n");
  end_job(job);
}

TEST_F(RdtOfAJob, StepsOfAJobShareItsWays) {
  const std::string out = slurm().directory() + "/tmp/steps.out";
  const std::string step =
      "srun -Q -n1 --mem=10 --exact --container=" + bundle() + " cat /proc/self/cpu_resctrl_groups";
  const Ran ran = slurm().run({"sbatch", "-W", "-n2", "--mem=40", "--l3=3w", "-o", out, "--wrap",
                               step + " & " + step + " & wait; cat /proc/self/cpu_resctrl_groups"});
  EXPECT_EQ(ran.status, 0) << ran;
  std::istringstream text(read_file(AT_FDCWD, out));
  std::vector<std::string> groups;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("res:")) groups.push_back(line);
  }
  EXPECT_THAT(groups, SizeIs(3));
  EXPECT_THAT(groups, Each(groups.front()));
  EXPECT_THAT(groups.front(), HasSubstr("berth_"));
}

// The last command of the task reads its own counters; the line and the record come right after, so
// they are no less, and not much more: this machine counts by the time that a task runs.
TEST_F(RdtOfAJob, TheReportAgreesWithTheCounters) {
  const std::string counter =
      "for g in /sys/fs/resctrl/berth_*/mon_groups/job_$SLURM_JOB_ID.$SLURM_STEP_ID; do "
      "cat $g/mon_data/mon_L3_00/mbm_total_bytes $g/mon_data/mon_L3_00/llc_occupancy; done";
  const Ran ran =
      slurm().run({"srun", "-Q", "-n1", "--mem=20", "-m", "block:block", "--l3=3w", "sh", "-c",
                   "i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; " + counter});
  ASSERT_EQ(ran.status, 0) << ran;
  std::istringstream out(ran.out);
  uint64_t bytes = 0, occupancy = 0;
  ASSERT_TRUE(out >> bytes >> occupancy) << ran;
  EXPECT_GT(bytes, 0U);
  EXPECT_THAT(ran.err, ::testing::ContainsRegex("berth: job [0-9]+ step 0: L3 0: 3 of 11 ways, "
                                                "[0-9.]+ [KM]iB used, [0-9.]+ [KMG]iB of memory "
                                                "traffic .[0-9.]+ [KMG]iB local, [0-9.]+ "
                                                "[KMG]iB/s."))
      << ran;

  std::istringstream records(read_file(AT_FDCWD, record_file()));
  std::string last;
  for (std::string line; std::getline(records, line);) last = line;
  const auto record = nlohmann::json::parse(last);
  EXPECT_EQ(record.at("part"), "0");
  EXPECT_EQ(record.at("asked"), "--l3=3w");
  const auto& l3 = record.at("l3").at(0);
  EXPECT_EQ(l3.at("ways"), 3);
  const auto counted = l3.at("totalBytes").get<uint64_t>();
  EXPECT_GE(counted, bytes) << last;
  EXPECT_LE(counted, 3 * bytes) << last;
  EXPECT_GE(l3.at("occupancyBytes").get<uint64_t>(), occupancy) << last;
}

// This processor divides no L2.
TEST_F(RdtOfAJob, WhatTheNodeLacksIsLeftOutOrRefusedAsThePolicySays) {
  const Seen without = seen({"--l3=3w", "--l2=2w"});
  EXPECT_EQ(without.line("L3"), "L3:0=7;1=400") << without.ran;
  EXPECT_THAT(without.ran.err,
              HasSubstr("berth: this node's RDT cannot divide the L2: --l2=2w is ignored\n"));
  slurm().write_policy(R"({"rdt": {"options": {"l2": {"optional": false}}}})");
  const Ran refused = seen({"--l3=3w", "--l2=2w"}).ran;
  EXPECT_EQ(refused.status, 125) << refused;
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, HasSubstr("berth: --l3=3w --l2=2w refused: this node's RDT cannot "
                                     "divide the L2\n"));
  EXPECT_EQ(schemata_line("", "L3"), "L3:0=7ff;1=7ff");
  slurm().write_policy(policy());
}

}  // namespace
}  // namespace berth::test
