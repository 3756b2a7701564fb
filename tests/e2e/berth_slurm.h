// A private Slurm with berth's plugin in it, and bundles for its users.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/made_bundle.h"
#include "tests/support/slurm_fixture.h"

namespace berth::test {

class BerthSlurm : public SlurmTest {
 protected:
  static void SetUpTestSuite() { start_with({}); }
  static void TearDownTestSuite() {
    SlurmTest::TearDownTestSuite();
    bundle_.reset();
  }
  // `more`: options of private-slurm beside those that name berth.
  static void start_with(const std::vector<std::string>& more, const std::string& policy = "{}");

  // `srun OPTIONS --container=BUNDLE WORDS` as nobody, from a directory that containers do not
  // have.
  static Ran contained(std::vector<std::string> options, const std::vector<std::string>& words,
                       const RunOptions& run = {});
  // busybox, the probes and, where it could be built, MPICH's ring and cma in /app.
  static const std::string& bundle() { return bundle_->path(); }

 private:
  static inline std::unique_ptr<MadeBundle> bundle_;
};

// The paths that match a shell's pattern.
std::vector<std::string> matches(const std::string& pattern);

}  // namespace berth::test
