// A Slurm of the test program's own, from the first test of a suite to its last, and plain users
// who run jobs in it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/shell.h"

namespace berth::test {

// Started by the constructor (tests/support/slurm/private-slurm), stopped by the destructor.
class PrivateSlurm {
 public:
  // `options` as of `private-slurm start`. Throws Error with the telling lines of the logs.
  explicit PrivateSlurm(const std::vector<std::string>& options);
  ~PrivateSlurm();
  PrivateSlurm(const PrivateSlurm&) = delete;
  PrivateSlurm& operator=(const PrivateSlurm&) = delete;

  // Everything of it; a folder `tmp` in it is every user's to write to.
  const std::string& directory() const { return directory_; }
  // Copies a program to where every user reaches it, whatever the modes of a build folder are.
  // Returns the copy's path.
  std::string install(const std::string& program) const;

  // The policy of a berth in it, from the next step on. Throws Error.
  void write_policy(const std::string& text) const;

  // A client: srun, sbatch, squeue, ... By default as nobody, in the folder `tmp`.
  Ran run(const std::vector<std::string>& words, RunOptions options = {}) const;
  RunOptions client(RunOptions options = {}) const;

  // kill -9 to what runs a job's steps.
  void crash_stepd(const std::string& job) const;
  std::string log(const std::string& daemon) const;  // "slurmd", "slurmctld"

 private:
  std::string directory_;
};

// Tests derive from this. A suite that wants options calls start(options) in a SetUpTestSuite of
// its own. All tests skip where Slurm is not installed or cannot be started for want of root.
class SlurmTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { start({}); }
  static void TearDownTestSuite();
  static void start(const std::vector<std::string>& options);
  // The same with berth's plugin in it, under this policy file.
  static void start_with_berth(const std::string& policy,
                               const std::vector<std::string>& more = {});
  void SetUp() override;

  static PrivateSlurm& slurm();
  // `srun ARGUMENTS...` as nobody; a failed test prints the daemons' logs.
  static Ran srun(const std::vector<std::string>& arguments, const RunOptions& options = {});
  void TearDown() override;
};

// The path of a program that the build makes for these tests.
std::string built_program(const std::string& name);
std::string built_berth();

}  // namespace berth::test
