// Jobs that hold caches: a private Slurm with berth in it on a kernel's own resctrl, and what that
// kernel says of their groups. For the guest; skips where resctrl is not mounted.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "rdt/way_mask.h"
#include "tests/e2e/berth_slurm.h"
#include "tests/support/kernel_resctrl.h"

namespace berth::test {

// A suite starts its Slurm in a SetUpTestSuite of its own.
class RdtJob : public BerthSlurm {
 protected:
  void SetUp() override;
  // Nothing of the jobs is left then, and the default group has what it had.
  void TearDown() override;

  // A job whose tasks wait until it is ended.
  struct Job {
    std::unique_ptr<Running> srun;
    std::string id;
    std::vector<std::string> said;  // `JOB PID CPUS CACHEGROUP` of each task
    std::string group() const;      // the control group of the first task: `berth_1`
  };
  static Job start_job(unsigned tasks, const std::vector<std::string>& options,
                       const std::string& bundle = BerthSlurm::bundle());
  // What it wrote to standard error.
  static std::string end_job(Job& job);

  // What the first task of a step finds itself in, and the kernel's lines of that group then.
  struct Seen {
    Ran ran;
    std::string group, monitor, schemata;
    std::string line(const std::string& resource) const;  // see line_in
  };
  static Seen seen(const std::vector<std::string>& options);

 private:
  std::string before_;
};

// The control group in what a task said of itself.
std::string group_of(const std::string& said);

rdt::WayMask mask_of(const std::string& group, unsigned domain);  // of L3

}  // namespace berth::test
