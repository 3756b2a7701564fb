// One Slurm of two nodes, with a policy of classes and rules, for all tests of what is granted
// under it. On two sockets of two cores and eleven ways, of which nine are to be had.
#pragma once

#include "tests/e2e/rdt_job.h"

namespace berth::test {

class RdtUnderAPolicy : public RdtJob {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  // What is in force but where a test says otherwise.
  static std::string policy();
  // The records that the steps left, oldest first.
  static std::vector<std::string> records();
};

}  // namespace berth::test
