// The private Slurm itself, without berth: what the other end-to-end tests stand on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/support/lacking.h"
#include "tests/support/slurm_fixture.h"

namespace berth::test {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class PlainSlurm : public SlurmTest {
 protected:
  // Two ranks of a ring that was built with the MPI of this name.
  static void expect_ring(const std::string& wire, const std::string& program) {
    const std::string path = slurm().install(built_program(program));
    const Ran ran = srun({"-n", "2", "--mpi=" + wire, path, "--ranks", "2"});
    EXPECT_EQ(ran.status, 0) << ran;
    EXPECT_THAT(ran.out, AllOf(HasSubstr("rank 0 of 2"), HasSubstr("rank 1 of 2"))) << ran;
  }
};

TEST_F(PlainSlurm, RunsTasksAsTheUserOnCoresOfTheirOwn) {
  const Ran ran = srun({"-n", "1", "-c", "1", "sh", "-c", "id -un; nproc"});
  EXPECT_EQ(ran.out, "nobody\n1\n") << ran;
}

TEST_F(PlainSlurm, PassesTheTasksStatusOn) {
  EXPECT_EQ(srun({"sh", "-c", "exit 7"}).status, 7);
}

TEST_F(PlainSlurm, WiresMpichUpByPmi2) {
  if (const auto why = lacks_built(built_program("ring_mpich"), "mpicc.mpich"); !why.empty()) {
    GTEST_SKIP() << why;
  }
  expect_ring("pmi2", "ring_mpich");
}

TEST_F(PlainSlurm, WiresOpenMpiUpByPmix) {
  if (const auto why = lacks_built(built_program("ring_openmpi"), "mpicc.openmpi"); !why.empty()) {
    GTEST_SKIP() << why;
  }
  expect_ring("pmix", "ring_openmpi");
}

TEST_F(PlainSlurm, KeepsATaskWhoseStepdCrashedUntilItStops) {
  Running job({"srun", "-n", "1", "sh", "-c", "echo $SLURM_JOB_ID $$; exec sleep 300"},
              slurm().client());
  for (int tries = 0; job.out_so_far().find('\n') == std::string::npos && tries < 1000; ++tries) {
    ::usleep(10000);
  }
  const std::string line = job.out_so_far();
  ASSERT_THAT(line, HasSubstr(" "));
  const std::string id = line.substr(0, line.find(' '));
  const int task = std::stoi(line.substr(line.find(' ') + 1));
  slurm().crash_stepd(id);
  EXPECT_EQ(::kill(task, 0), 0);
  EXPECT_THROW(slurm().crash_stepd(id), std::exception);  // it is gone
}

class TwoNodes : public SlurmTest {
 protected:
  static void SetUpTestSuite() { start({"--nodes", "2"}); }
};

TEST_F(TwoNodes, AStepIsOnBoth) {
  const Ran ran = srun({"-N2", "-l", "sh", "-c", "echo $SLURMD_NODENAME"});
  EXPECT_THAT(ran.out, AllOf(ContainsRegex("0: node[0-9]+\n"), ContainsRegex("1: node[0-9]+-2\n")))
      << ran;
}

}  // namespace
}  // namespace berth::test
