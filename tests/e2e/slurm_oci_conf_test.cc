// Slurm's own containers with berth as their runtime: etc/slurm/oci.conf, without berth's plugin.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "tests/e2e/leftovers.h"
#include "tests/support/made_bundle.h"
#include "tests/support/slurm_fixture.h"

namespace berth::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class OciConf : public SlurmTest {
 protected:
  static void TearDownTestSuite() {
    SlurmTest::TearDownTestSuite();
    bundle_.reset();
  }
  void SetUp() override {
    SlurmTest::SetUp();
    if (IsSkipped()) return;
    if (!bundle_) make_bundle();
    states_ = slurm().directory() + "/tmp/states";
    std::filesystem::create_directories(states_);
    check(::chmod(states_.c_str(), 01777), "chmod", states_);
    write_conf(example());
  }
  void TearDown() override {
    if (!IsSkipped()) {
      EXPECT_THAT(remains(), IsEmpty());
      std::filesystem::remove_all(states_);
    }
    SlurmTest::TearDown();
  }

  // The example with this test's paths.
  std::string example() const {
    std::string text = read_file(AT_FDCWD, BERTH_SOURCE_DIR "/etc/slurm/oci.conf");
    text = replaced(text, "/run/berth-oci", states_);
    return replaced(text, "/usr/bin/berth", slurm().directory() + "/bin/berth");
  }
  // slurmstepd reads it at each step's start.
  static void write_conf(const std::string& text) {
    std::ofstream(slurm().directory() + "/etc/oci.conf") << text;
  }
  static std::vector<std::string> words(const std::string& script) {
    return {"--container=" + bundle_->path(), "sh", "-c", script};
  }
  static Ran contained(const std::string& script) { return srun(words(script)); }
  static std::vector<std::string> srun_words(const std::string& script) {
    std::vector<std::string> all = words(script);
    all.insert(all.begin(), "srun");
    return all;
  }
  static bool says(Running& running, const std::string& text) {
    for (int i = 0; i < 1200; ++i) {
      if (running.out_so_far().find(text) != std::string::npos) return true;
      ::usleep(50'000);
    }
    return false;
  }
  // Containers' states and Slurm's folders for them, once no job is left: the node cleans up after
  // srun has ended.
  std::vector<std::string> remains() const {
    std::vector<std::string> found;
    for (int i = 0; i < 1200; ++i) {
      found.clear();
      found.push_back(slurm().run({"squeue", "--noheader"}).out);
      if (found.back().empty()) found.pop_back();
      for (const auto& entry : std::filesystem::recursive_directory_iterator(states_)) {
        if (entry.path().parent_path() != states_) found.push_back(entry.path());
      }
      for (const auto& entry :
           std::filesystem::directory_iterator(slurm().directory() + "/spool")) {
        if (entry.path().filename().string().starts_with("oci-job")) found.push_back(entry.path());
      }
      if (found.empty()) break;
      ::usleep(50'000);
    }
    return found;
  }

 private:
  static void make_bundle() {
    bundle_ = std::make_unique<MadeBundle>(std::vector<std::string>{"--config", "runc"});
    const std::string berth = slurm().install(built_berth());
    const OpenFolder folder;
    const Ran ran =
        test::run({berth, "spec", "--rootless", "--bundle", folder.path()}, {.user = "nobody"});
    if (ran.status != 0) throw Error(ran.err);
    std::filesystem::copy_file(folder.path() + "/config.json", bundle_->path() + "/config.json",
                               std::filesystem::copy_options::overwrite_existing);
    check(::chmod((bundle_->path() + "/config.json").c_str(), 0644), "chmod", bundle_->path());
  }
  std::string states_;
  static inline std::unique_ptr<MadeBundle> bundle_;
};

TEST_F(OciConf, RunsATaskInAContainerAndTellsItsStatus) {
  const Ran ran = contained("id -u; hostname; nproc; echo err >&2; exit 7");
  EXPECT_EQ(ran.status, 7) << ran;
  EXPECT_EQ(ran.out, "0\nberth\n1\n") << "as the user's root, on the CPUs that Slurm gave";
  EXPECT_THAT(ran.err, HasSubstr("err\n"));
}

TEST_F(OciConf, PassesInputAndTheTasksEnvironmentOn) {
  const Ran ran =
      srun(words("cat; echo $WORD $SLURM_PROCID"), {.input = "line\n", .more = {{"WORD", "a b"}}});
  EXPECT_THAT(ran.out, StartsWith("line\na b")) << ran;
}

TEST_F(OciConf, AProgramThatIsNotThereFailsWithOneLine) {
  const Ran ran = srun({words("")[0], "absent"});
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_THAT(ran.err, HasSubstr("find program 'absent'"));
}

TEST_F(OciConf, ScancelEndsIt) {
  Running job(srun_words("trap 'exit 5' TERM; echo $SLURM_JOB_ID.; while :; do sleep 0.1; done"),
              slurm().client());
  ASSERT_TRUE(says(job, "."));
  const std::string id = job.out_so_far().substr(0, job.out_so_far().find('.'));
  EXPECT_EQ(slurm().run({"scancel", id}).status, 0);
  const Ran ran = job.wait();
  EXPECT_FALSE(ran.timed_out) << ran;
  // On a busy machine SIGKILL may come first: Slurm waits for two seconds.
  EXPECT_THAT(ran.status, ::testing::AnyOf(5, 137)) << ran;
}

TEST_F(OciConf, ASignalReachesTheProgram) {
  Running job(srun_words("trap 'echo got; exit 3' USR1; echo $SLURM_JOB_ID.; "
                         "while :; do sleep 0.1; done"),
              slurm().client());
  ASSERT_TRUE(says(job, "."));
  const std::string id = job.out_so_far().substr(0, job.out_so_far().find('.'));
  EXPECT_EQ(slurm().run({"scancel", "--signal", "USR1", id + ".0"}).status, 0);
  const Ran ran = job.wait();
  EXPECT_THAT(ran.out, HasSubstr("got\n")) << ran;
  EXPECT_EQ(ran.status, 3) << ran;
}

// The first goes on while the second comes and goes, and does not end at SIGTERM.
TEST_F(OciConf, TwoTasksAtOnce) {
  if (::sysconf(_SC_NPROCESSORS_ONLN) < 2) GTEST_SKIP() << "one CPU: one job at a time";
  Running one(srun_words("echo up; cat >/dev/null; exec sleep 300"), slurm().client());
  ASSERT_TRUE(says(one, "up"));
  const Ran other = contained("echo beside; exit 4");
  EXPECT_EQ(other.status, 4) << other;
  EXPECT_EQ(other.out, "beside\n");
  EXPECT_EQ(slurm().run({"scancel", "--user", "nobody"}).status, 0);
  EXPECT_FALSE(one.wait().timed_out);
}

// Slurm 22.05 has srun know neither output nor status of these.
TEST_F(OciConf, CreateAndStartApart) {
  const std::string out = slurm().directory() + "/tmp/out";
  std::string text = replaced(example(), "\nRunTimeRun=", "\n#RunTimeRun=");
  text = replaced(text, "\n#RunTimeCreate=", "\nRunTimeCreate=");
  text = replaced(text, "\n#RunTimeStart=", "\nRunTimeStart=");
  write_conf(replaced(text, ">/dev/null", ">" + out));
  const Ran ran = contained("hostname; nproc; exit 7");
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(remains(), IsEmpty());
  EXPECT_EQ(read_file(AT_FDCWD, out), "berth\n1\n");
}

}  // namespace
}  // namespace berth::test
