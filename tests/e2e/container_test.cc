// The main job: real Slurm, real MPI, real containers, as a plain user. On this machine and in the
// guest.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "tests/e2e/berth_slurm.h"
#include "tests/e2e/leftovers.h"
#include "tests/support/lacking.h"

namespace berth::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

class Container : public BerthSlurm {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TemporaryFolder>();
    const std::string prolog = folder_->write("prolog",
                                              "#!/bin/sh\n"
                                              "test -d /app && echo export PROLOG_RAN=inside || "
                                              "echo export PROLOG_RAN=host\n");
    check(::chmod(prolog.c_str(), 0755), "chmod", prolog);
    start_with({"--task-prolog", prolog});
  }
  static void TearDownTestSuite() {
    BerthSlurm::TearDownTestSuite();
    folder_.reset();
  }
  void TearDown() override {
    EXPECT_THAT(leftovers(bundle()), IsEmpty());
    BerthSlurm::TearDown();
  }
  static Ran sh(const std::string& script, std::vector<std::string> options = {"-n1"},
                const RunOptions& run = {}) {
    return contained(std::move(options), {"sh", "-c", script}, run);
  }

 private:
  static inline std::unique_ptr<TemporaryFolder> folder_;
};

TEST_F(Container, MpichWiresUpByPmi2) {
  if (const auto why = lacks_built(built_program("ring_mpich"), "mpicc.mpich"); !why.empty()) {
    GTEST_SKIP() << why;
  }
  const Ran ran = contained({"-n2", "--mpi=pmi2"}, {"./ring", "--ranks", "2"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("rank 0 of 2"), HasSubstr("rank 1 of 2"))) << ran;
}

TEST_F(Container, OpenMpiWiresUpByPmix) {
  if (const auto why = lacks_built(built_program("ring_openmpi"), "mpicc.openmpi"); !why.empty()) {
    GTEST_SKIP() << why;
  }
  const MadeBundle open_mpi(
      {"--mpi", "openmpi", built_program("ring_openmpi"), built_program("cma_openmpi")});
  const RunOptions patient{.timeout = std::chrono::seconds(180)};
  const Ran ring =
      srun({"-n2", "--mpi=pmix", "--container=" + open_mpi.path(), "/app/ring", "--ranks", "2"},
           patient);
  EXPECT_EQ(ring.status, 0) << ring;
  EXPECT_THAT(ring.out, AllOf(HasSubstr("rank 0 of 2"), HasSubstr("rank 1 of 2"))) << ring;
}

TEST_F(Container, PmiFdKeepsItsNumberAndNothingElseIsOpen) {
  const Ran ran = sh("echo $PMI_FD; fds", {"-n1", "--mpi=pmi2"});
  std::istringstream lines(ran.out);
  int pmi = -1, number = -1;
  lines >> pmi;
  std::vector<int> open;
  for (std::string rest; lines >> number; std::getline(lines, rest)) open.push_back(number);
  EXPECT_GE(pmi, 3) << ran;
  EXPECT_EQ(open, (std::vector<int>{0, 1, 2, pmi})) << ran;
}

TEST_F(Container, RanksOfANodeReadEachOthersMemory) {
  if (const auto why = lacks_built(built_program("cma_mpich"), "mpicc.mpich"); !why.empty()) {
    GTEST_SKIP() << why;
  }
  const Ran ran = contained({"-n2", "--mpi=pmi2"}, {"./cma"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(ran.out, HasSubstr("rank 1 read 4194304 bytes of rank 0"));
}

TEST_F(Container, TheCpusetIsTheJobsCores) {
  // What it may not leave, whatever it asks for.
  const Ran ran = sh("taskset -p ffffffff $$ >/dev/null; nproc", {"-n1", "-c1"});
  EXPECT_EQ(ran.out, "1\n") << ran;
}

TEST_F(Container, ATaskThatEatsMoreThanItsMemoryDiesAloneAndIsTold) {
  Running neighbour(
      {"srun", "-n1", "--mem=50", "--container=" + bundle(), "sh", "-c", "echo up; sleep 60"},
      slurm().client());
  for (int i = 0; i < 600 && neighbour.out_so_far().empty(); ++i) ::usleep(50'000);
  ASSERT_EQ(neighbour.out_so_far(), "up\n");
  const Ran ran = contained({"-n1", "--mem=100"}, {"eat", "400"});
  EXPECT_THAT(ran.status, ::testing::AnyOf(137, 1)) << ran;
  EXPECT_THAT(ran.err,
              ::testing::AnyOf(HasSubstr("out of memory: killed 1 process(es), limit 100 MiB"),
                               HasSubstr("oom"), HasSubstr("Out Of Memory")));
  EXPECT_THAT(ran.out, Not(HasSubstr("ate")));
  EXPECT_THAT(slurm().run({"squeue", "-h", "-o", "%T"}).out, HasSubstr("RUNNING\n"));
  slurm().run({"scancel", "-u", "nobody"});
}

TEST_F(Container, EnvironmentFollowsTheRule) {
  const std::string script = "echo $PATH:$SLURM_PROCID:$MINE:$PROLOG_RAN";
  const RunOptions mine{.more = {{"MINE", "user"}, {"PATH", "/usr/bin:/bin:/usr/sbin"}}};
  const Ran plain = sh(script, {"-n1"}, mine);
  EXPECT_THAT(plain.out, MatchesRegex("/usr/local/bin:.*:0:user:host\n")) << plain;
  const Ran exported = sh("echo $PATH", {"-n1", "--export=PATH=/bin"}, mine);
  EXPECT_EQ(exported.out, "/bin\n") << exported;
}

TEST_F(Container, ExportNoneStaysInTheContainer) {
  const Ran ran = sh("test -x /bin/fds && echo inside", {"-n1", "--export=NONE"});
  EXPECT_EQ(ran.out, "inside\n") << ran;
}

TEST_F(Container, WorkingDirectoryFollowsTheRule) {
  RunOptions from_tmp;
  from_tmp.directory = "/tmp";
  EXPECT_EQ(sh("pwd", {"-n1"}, from_tmp).out, "/tmp\n") << "srun's, where it exists inside";
  EXPECT_EQ(sh("pwd", {"-n1", "--chdir=/dev/shm"}).out, "/dev/shm\n");
  const Ran none = sh("pwd", {"-n1", "--chdir=/no/such"});
  EXPECT_EQ(none.status, 125) << none;
  EXPECT_THAT(none.err, HasSubstr("chdir to working directory '/no/such'"));
}

TEST_F(Container, AnEmptyCommandIsTheBundles) {
  const MadeBundle other({"--arg", "/bin/sh", "--arg", "-c", "--arg", "echo from the bundle"});
  EXPECT_EQ(srun({"-n1", "--container=" + other.path(), ""}).out, "from the bundle\n");
}

TEST_F(Container, RlimitsOfSrunAreTheTasks) {
  const Ran ran = slurm().run(
      {"sh", "-c", "ulimit -Sn 321; exec srun -n1 --container=" + bundle() + " sh -c 'ulimit -n'"});
  EXPECT_EQ(ran.out, "321\n") << ran;
}

TEST_F(Container, ABundleOfRuncsGetsItsNamespaces) {
  const MadeBundle runc({"--config", "runc"});
  const Ran ran =
      srun({"-n1", "--container=" + runc.path(), "sh", "-c", "echo $$; ls /sys/class/net; exit 3"});
  EXPECT_EQ(ran.status, 3) << ran;
  EXPECT_THAT(ran.out, MatchesRegex("1\nlo\n")) << ran;
}

TEST_F(Container, ExitStatusesTellWhatFailed) {
  EXPECT_EQ(sh("exit 7").status, 7);
  EXPECT_EQ(contained({"-n1"}, {"no-such-program"}).status, 127);
  EXPECT_EQ(contained({"-n1"}, {"/bin"}).status, 126);
}

TEST_F(Container, MultiProgIsRefused) {
  const std::string file = slurm().directory() + "/tmp/multi.conf";
  std::ofstream(file) << "0-1 id\n";
  const Ran ran = contained({"-n2", "--multi-prog"}, {file});
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_EQ(ran.err,
            "srun: error: berth: --container cannot be combined with --multi-prog: its programs "
            "would run outside\n");
}

TEST_F(Container, AStaleSlurmContainerIsNotThisSteps) {
  const Ran ran = srun({"-n1", "sh", "-c", "test -x /bin/fds && echo inside || echo host"},
                       {.more = {{"SLURM_CONTAINER", bundle()}}});
  EXPECT_EQ(ran.out, "host\n") << ran;
}

TEST_F(Container, SubmittedWhereThePluginIsNotItDoesNotRunOnTheHost) {
  const std::string plain = slurm().directory() + "/tmp/plain";
  const Ran made =
      slurm().run({"sh", "-c",
                   "mkdir -p " + plain + " && cd " + slurm().directory() +
                       "/etc && cp slurm.conf cgroup.conf " + plain + " && : >" + plain +
                       "/plugstack.conf && sed -i '/PlugStackConfig/d' " + plain + "/slurm.conf"});
  ASSERT_EQ(made.status, 0) << made;
  const Ran ran = contained({"-n1"}, {"sh", "-c", "echo ran"},
                            {.more = {{"SLURM_CONF", plain + "/slurm.conf"}}});
  EXPECT_NE(ran.status, 0) << ran;
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("berth's plugin did not run where the step was submitted"));
}

TEST_F(Container, StepsOfABatchJobRunSideBySide) {
  const std::string out = slurm().directory() + "/tmp/batch.out";
  const std::string step = "srun -n1 --mem=50 --exact --container=" + bundle();
  const Ran ran = slurm().run({"sbatch", "-W", "-n2", "--mem=200", "-o", out, "--wrap",
                               step + " sh -c 'sleep 1; echo first' & " + step +
                                   " sh -c 'sleep 1; echo second' & wait; test -x /bin/fds || echo "
                                   "script on the host"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(read_file(AT_FDCWD, out),
              AllOf(HasSubstr("first"), HasSubstr("second"), HasSubstr("script on the host")));
}

TEST_F(Container, ABatchScriptCanItselfBeInside) {
  const std::string out = slurm().directory() + "/tmp/inside.out";
  const Ran ran = slurm().run({"sbatch", "-W", "-n1", "--container=" + bundle(), "-o", out,
                               "--wrap", "test -x /bin/fds && echo script inside"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(read_file(AT_FDCWD, out), "script inside\n");
}

TEST_F(Container, SallocsStepsWork) {
  const Ran ran = slurm().run({"salloc", "-Q", "-n1", "srun", "--container=" + bundle(), "sh", "-c",
                               "test -x /bin/fds && echo inside"});
  EXPECT_EQ(ran.out, "inside\n") << ran;
}

TEST_F(Container, SignalsReachTheProgram) {
  Running job({"srun", "-n1", "--container=" + bundle(), "sh", "-c",
               "trap 'echo got it; exit 5' USR1; echo $SLURM_JOB_ID; while :; do sleep 0.1; done"},
              slurm().client());
  for (int i = 0; i < 600 && job.out_so_far().find('\n') == std::string::npos; ++i) {
    ::usleep(50'000);
  }
  const std::string id = job.out_so_far().substr(0, job.out_so_far().find('\n'));
  slurm().run({"scancel", "-s", "USR1", id + ".0"});
  const Ran ran = job.wait();
  EXPECT_EQ(ran.status, 5) << ran;
  EXPECT_THAT(ran.out, HasSubstr("got it"));
}

}  // namespace
}  // namespace berth::test
