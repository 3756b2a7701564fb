// kill -9 where it hurts: of slurmstepd in mid-job, of `berth launch`. Afterwards the epilog, or
// `berth reap`, leaves no group, no shrunk default and no process. Where resctrl is mounted the
// jobs hold half of the cache too.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "base/error.h"
#include "launcher/claims.h"
#include "tests/e2e/leftovers.h"
#include "tests/support/slurm_fixture.h"

namespace berth::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using Words = std::vector<std::string>;
using std::chrono::seconds;

const std::string kBerth = built_berth();

bool has_rdt() {
  return !default_schemata().empty();
}

template <class Condition>
bool comes_true(seconds patience, Condition condition) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    ::usleep(50'000);
  }
  return true;
}

// The numbers in the first line that the program writes.
std::vector<int> first_numbers(Running& program) {
  comes_true(seconds(60), [&] { return program.out_so_far().find('\n') != std::string::npos; });
  std::istringstream line(program.out_so_far());
  std::vector<int> numbers;
  for (int number = 0; line >> number;) numbers.push_back(number);
  return numbers;
}

std::vector<std::string> claims() {
  const auto found = launcher::Claims::open_if_exists();
  return found ? found->all() : std::vector<std::string>{};
}

// Two sleeps, one of them in a session of its own and deaf to SIGTERM: what a crash leaves behind
// is not only what waits to be told. `mark` tells them from everything else on the node.
std::string sleepers(const std::string& mark) {
  return "trap '' TERM; setsid sh -c 'trap \"\" TERM; sleep 300; : " + mark +
         "' & echo $SLURM_JOB_ID $$; sleep 300; : " + mark;
}

// A bundle that every user may enter and no one but root may write.
std::string make_bundle(const OpenFolder& folder) {
  const std::string bundle = folder.path() + "/bundle";
  const Ran ran = run({BERTH_SOURCE_DIR "/tests/support/bundle/make-bundle", bundle},
                      {.timeout = seconds(300)});
  if (ran.status != 0) throw Error(ran.err);
  return bundle;
}

class Crash : public SlurmTest {
 protected:
  static void SetUpTestSuite() {
    const OpenFolder folder;
    // The tree of cgroups is berth's where Slurm tracks without, Slurm's where it tracks with.
    start_with_berth(folder.write("policy.json", "{}"));
  }

  OpenFolder folder_;
  std::string schemata_ = default_schemata();
};

TEST_F(Crash, OfSlurmstepdIsMendedByTheEpilog) {
  Words words{"srun", "-n", "1", "--container=" + make_bundle(folder_)};
  if (has_rdt()) words.emplace_back("--l3=50%");
  words.insert(words.end(), {"sh", "-c", sleepers(folder_.path())});
  Running job(words, slurm().client());
  const std::vector<int> numbers = first_numbers(job);
  ASSERT_EQ(numbers.size(), 2U) << job.wait();
  const std::string id = std::to_string(numbers.front());
  EXPECT_THAT(claims(), Contains("job_" + id));
  if (has_rdt()) {
    EXPECT_NE(default_schemata(), schemata_);
  }

  slurm().crash_stepd(id);
  EXPECT_THAT(leftovers(folder_.path(), seconds(0)), Not(IsEmpty()));  // or this shows nothing
  slurm().run({"scancel", id});
  EXPECT_TRUE(comes_true(seconds(60), [&] {
    return slurm().run({"squeue", "-h", "-j", id, "-t", "R,CG,PD"}).out.empty();
  }));
  EXPECT_THAT(leftovers(folder_.path(), seconds(30)), IsEmpty());
  EXPECT_EQ(default_schemata(), schemata_);
}

class LaunchCrash : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "cgroups are root's: " << errno_text(EPERM);
  }
  OpenFolder folder_;
  std::string schemata_ = default_schemata();
};

TEST_F(LaunchCrash, IsMendedByReap) {
  Words words{kBerth, "launch", "-n", "2", "--bundle", make_bundle(folder_)};
  if (has_rdt()) words.emplace_back("--l3=50%");
  words.insert(words.end(), {"--", "sh", "-c", sleepers(folder_.path())});
  Running launch(words);
  ASSERT_TRUE(comes_true(seconds(60), [&] {
    return std::ranges::count(launch.out_so_far(), '\n') == 2;
  })) << launch.wait();
  const std::string claim = "launch_" + std::to_string(launch.pid());
  EXPECT_THAT(claims(), Contains(claim));
  if (has_rdt()) {
    EXPECT_NE(default_schemata(), schemata_);
  }
  const Ran early = run({kBerth, "reap"});
  EXPECT_THAT(early.out, Not(HasSubstr(claim))) << early;  // it lives

  ASSERT_EQ(::kill(launch.pid(), SIGKILL), 0);
  EXPECT_EQ(launch.wait().status, 128 + SIGKILL);
  EXPECT_THAT(leftovers(folder_.path(), seconds(0)), Not(IsEmpty()));
  const Ran reap = run({kBerth, "reap"});
  EXPECT_EQ(reap.status, 0) << reap;
  EXPECT_EQ(reap.err, "");
  EXPECT_THAT(reap.out, HasSubstr("removed cgroup 'berth/" + claim + "' and killed "));
  EXPECT_THAT(reap.out, HasSubstr("forgot claim '" + claim + "'\n"));
  EXPECT_THAT(leftovers(folder_.path()), IsEmpty());
  EXPECT_EQ(default_schemata(), schemata_);
  EXPECT_THAT(run({kBerth, "reap"}).out, Not(HasSubstr(claim)));
}

}  // namespace
}  // namespace berth::test
