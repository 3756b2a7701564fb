// The documented set-up of gres/l3way (doc/slurm-gres.md) on a real slurmctld: jobs that ask for
// cache queue by the ways of a socket. Its lines are those that `berth gres` prints for two sockets
// of two cores, nine ways each, which are claimed where the machine has other ones; with a kernel's
// resctrl, in the guest, the ways are given too.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <sstream>

#include "base/file.h"
#include "launcher/gres.h"
#include "launcher/imagined_rdt.h"
#include "tests/e2e/leftovers.h"
#include "tests/support/lacking.h"
#include "tests/support/slurm_fixture.h"

namespace berth::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using Words = std::vector<std::string>;

// What `berth gres` prints there.
std::string printed() {
  const auto machine = topology::Machine::synthetic(
      "pack:2 l3:1(indexes=0,1 size=" + std::to_string(11 * 2560 * 1024) + ") core:2 pu:1");
  launcher::NodeFacts facts{machine, launcher::imagined_rdt("io=600", machine), {}, {}, {}};
  return to_text(launcher::gres_of(facts, {}, "n1"));
}

// The shipped script, with the entry in force that it shows as an example.
std::string job_submit_script(const std::string& entry) {
  std::string text = read_file(AT_FDCWD, BERTH_SOURCE_DIR "/etc/slurm/job_submit.lua");
  const size_t example = text.find("-- " + entry + "\n");
  if (example == std::string::npos) ADD_FAILURE() << "no example '" << entry << "' in " << text;
  return text.erase(example, 3);
}

// The printed lines as options of private-slurm, whose node has a name of its own.
Words options_of(const std::string& text, const OpenFolder& folder) {
  Words options;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("NodeName=n1 Gres=")) {
      options.insert(options.end(), {"--gres", line.substr(17)});
    } else if (line.starts_with("NodeName=n1 ")) {
      options.insert(options.end(), {"--gres-conf", line.substr(12)});
    } else if (line.starts_with("  [")) {
      options.insert(
          options.end(),
          {"--job-submit", folder.write("job_submit.lua", job_submit_script(line.substr(2)))});
    } else if (line.starts_with("GresTypes=")) {
      options.insert(options.end(), {"--conf", line});
    }
  }
  return options;
}

class L3WayGres : public SlurmTest {
 protected:
  static void SetUpTestSuite() {
    const OpenFolder folder;
    Words options = options_of(printed(), folder);
    ASSERT_EQ(options.size(), 10U) << printed();
    options.insert(options.end(), {"--sockets", "2", "--cores", "2"});
    start_with_berth(folder.write("policy.json", "{}"), options);
  }

  void TearDown() override {
    if (IsSkipped()) return;
    slurm().run({"scancel", "-u", "nobody"});
    EXPECT_TRUE(until([] { return slurm().run({"squeue", "-h"}).out.empty(); })) << "jobs are left";
    SlurmTest::TearDown();
  }

  template <class Condition>
  static bool until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(100);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      ::usleep(100'000);
    }
    return true;
  }

  // sbatch; the job's id.
  static std::string submit(Words options, const std::string& script = "sleep 1000") {
    Words words{"sbatch", "--parsable", "--mem=20", "-o", "job%j.out"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--wrap", script});
    const Ran ran = slurm().run(words);
    EXPECT_EQ(ran.status, 0) << ran;
    return ran.out.substr(0, ran.out.find('\n'));
  }
  static std::string state(const std::string& job) {
    const std::string out = slurm().run({"squeue", "-h", "-j", job, "-o", "%T %r"}).out;
    return out.substr(0, out.find('\n'));
  }
  static void expect_state(const std::string& job, const std::string& wanted) {
    EXPECT_TRUE(until([&] { return state(job) == wanted; }))
        << job << " is " << state(job) << ", not " << wanted << '\n'
        << described(job);
  }
  static void expect_runs(const std::string& job) { expect_state(job, "RUNNING None"); }
  // It waits because of what others hold, and slurmctld has looked at it.
  static void expect_pends(const std::string& job) { expect_state(job, "PENDING Resources"); }

  static std::string described(const std::string& job) {
    return slurm().run({"scontrol", "show", "job", "-d", job}).out;
  }
  static std::string output(const std::string& job) {
    const std::string path = slurm().directory() + "/tmp/job" + job + ".out";
    return ::access(path.c_str(), F_OK) == 0 ? read_file(AT_FDCWD, path) : "";
  }
  static void expect_refused(const Words& options, const std::string& why) {
    for (const char* command : {"sbatch", "srun", "salloc"}) {
      Words words{command, "-n1", "--mem=20"};
      words.insert(words.end(), options.begin(), options.end());
      if (words.front() == "sbatch") words.emplace_back("--wrap");
      words.emplace_back("true");
      const Ran ran = slurm().run(words);
      EXPECT_NE(ran.status, 0) << ran;
      EXPECT_THAT(ran.err, HasSubstr(std::string(command) + ": error: berth: " + why + "\n"));
    }
    EXPECT_EQ(slurm().run({"squeue", "-h"}).out, "");
  }
};

TEST_F(L3WayGres, AJobThatFindsTooFewWaysPendsAndRunsWhenTheOtherEnds) {
  const std::string first = submit({"-N1", "-n2", "--sockets-per-node=2", "--l3=6w"});
  const std::string small = submit({"-n1", "--l3=3w"});
  expect_runs(first);
  expect_runs(small);
  const std::string second =
      submit({"-n1", "--l3=6w"}, "cat /proc/self/cpu_resctrl_groups; echo up; sleep 1000");
  expect_pends(second);  // there is a core for it
  EXPECT_THAT(described(first), HasSubstr("GRES=l3way:12(IDX:0-5,9-14)"));

  slurm().run({"scancel", first});
  expect_runs(second);
  EXPECT_TRUE(until([&] { return output(second).find("up\n") != std::string::npos; }));
  if (lacks_resctrl().empty()) {
    EXPECT_THAT(output(second), HasSubstr("mon:job_" + second));
  }
}

TEST_F(L3WayGres, JobsOnDifferentSocketsRunAtOnceAndTheirRestsMakeNoThird) {
  const std::string one = submit({"-n1", "--l3=6w"}), two = submit({"-n1", "--l3=6w"});
  expect_runs(one);
  expect_runs(two);
  EXPECT_THAT(described(one), ContainsRegex("CPU_IDs=0 .*GRES=l3way:6\\(IDX:0-5\\)"));
  EXPECT_THAT(described(two), ContainsRegex("CPU_IDs=2 .*GRES=l3way:6\\(IDX:9-14\\)"));
  // A core and three ways are free on each socket: six ways, but not for one job.
  const std::string three = submit({"-n1", "--l3=4w"});
  expect_pends(three);
  slurm().run({"scancel", two});
  expect_runs(three);
  EXPECT_THAT(described(three), ContainsRegex("CPU_IDs=[23] .*GRES=l3way:4\\(IDX:9-12\\)"));
}

TEST_F(L3WayGres, AJobOnTwoSocketsWantsTheWaysOnBoth) {
  const std::string one = submit({"-n1", "--l3=6w"});
  expect_runs(one);
  const std::string both = submit({"-N1", "-n2", "--sockets-per-node=2", "--l3=4w"});
  expect_pends(both);
  slurm().run({"scancel", one});
  expect_runs(both);
  EXPECT_THAT(described(both), HasSubstr("GRES=l3way:8(IDX:0-3,9-12)"));
}

TEST_F(L3WayGres, AShareAndASizeAreCountedInWays) {
  const std::string share = submit({"-n1", "--l3=50%"}), size = submit({"-n1", "--l3=8MiB"});
  EXPECT_THAT(described(share), HasSubstr("TresPerSocket=gres:l3way:6\n"));
  EXPECT_THAT(described(size), HasSubstr("TresPerSocket=gres:l3way:4\n"));
  const std::string none = submit({"-n1"});
  EXPECT_THAT(described(none), AllOf(Not(HasSubstr("TresPer")), Not(HasSubstr("GresEnforceBind"))));
}

TEST_F(L3WayGres, WhatNoSocketHasIsRefusedAtSubmission) {
  const std::string numbers = " ways asked, jobs can have 9 of the 11 of a socket";
  expect_refused({"--l3=10w"}, "--l3=10w: 10" + numbers);
  expect_refused({"--l3=90%"}, "--l3=90%: 10" + numbers);
  expect_refused({"--l3=30MB"}, "--l3=30MB: 12" + numbers);
  expect_refused({"--l3=3w", "--gres-flags=disable-binding"},
                 "--l3 and --gres-flags=disable-binding exclude each other");
  expect_refused({"--gres=l3way:3"},
                 "--gres=l3way gives no cache, and is implied: ask with --l3, as in --l3=4w");
}

TEST_F(L3WayGres, StepsSideBySideDoNotWaitForEachOthersWays) {
  // Each step ends only when it has seen the other.
  const std::string meet =
      "touch here$SLURM_STEP_ID; for i in $(seq 600); do [ -e here0 ] && [ -e here1 ] && exit 0; "
      "sleep 0.1; done; exit 1";
  const std::string step = "srun -Q --exact -n1 --mem=10 sh -c '" + meet + "' & ";
  const std::string job =
      submit({"-n2", "--l3=4w"}, step + step + "wait %1 && wait %2 && echo met; sleep 1000");
  EXPECT_TRUE(until([&] { return output(job).find("met\n") != std::string::npos; })) << output(job);
}

}  // namespace
}  // namespace berth::test
