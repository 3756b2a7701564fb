#include "tests/e2e/rdt_job.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "base/file.h"
#include "rdt/schemata.h"
#include "tests/e2e/leftovers.h"
#include "tests/support/lacking.h"

namespace berth::test {

std::string group_of(const std::string& said) {
  std::string group = said.substr(said.rfind(' ') + 1);
  if (group.starts_with('/')) group.erase(0, 1);
  return group;
}

rdt::WayMask mask_of(const std::string& group, unsigned domain) {
  const std::string path = std::string(kResctrl) + "/" + group + "/schemata";
  const auto schemata = rdt::parse_schemata(read_file(AT_FDCWD, path));
  return rdt::WayMask(schemata.resources.at("L3").at(domain));
}

std::string RdtJob::Job::group() const {
  return said.empty() ? "no task spoke" : group_of(said.front());
}

void RdtJob::SetUp() {
  if (const auto why = lacks_resctrl(); !why.empty()) GTEST_SKIP() << why;
  BerthSlurm::SetUp();
  before_ = default_schemata();
}

void RdtJob::TearDown() {
  if (IsSkipped()) return;
  slurm().run({"scancel", "-u", "nobody"});
  EXPECT_THAT(leftovers(bundle()), ::testing::IsEmpty());
  EXPECT_EQ(default_schemata(), before_);
  BerthSlurm::TearDown();
}

RdtJob::Job RdtJob::start_job(unsigned tasks, const std::vector<std::string>& options,
                              const std::string& bundle) {
  std::vector<std::string> words{"srun",     "-Q", "-n" + std::to_string(tasks),
                                 "--mem=20", "-m", "block:block"};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(),
               {"--container=" + bundle, "sh", "-c",
                "echo $SLURM_JOB_ID $$ $(sed -n 's/Cpus_allowed_list:.//p' /proc/self/status) "
                "$(sed -n 's/res://p' /proc/self/cpu_resctrl_groups); exec sleep 300"});
  Job job{std::make_unique<Running>(words, slurm().client()), {}, {}};
  const auto lines = [&] {
    const std::string& out = job.srun->out_so_far();
    return static_cast<unsigned>(std::count(out.begin(), out.end(), '\n'));
  };
  for (int i = 0; i < 1200 && lines() < tasks; ++i) ::usleep(50'000);
  std::istringstream out(job.srun->out_so_far());
  for (std::string line; std::getline(out, line);) job.said.push_back(line);
  if (!job.said.empty()) job.id = job.said.front().substr(0, job.said.front().find(' '));
  return job;
}

std::string RdtJob::end_job(Job& job) {
  slurm().run({"scancel", job.id});
  return job.srun->wait().err;
}

std::string RdtJob::Seen::line(const std::string& resource) const {
  return line_in(schemata, resource);
}

RdtJob::Seen RdtJob::seen(const std::vector<std::string>& options) {
  std::vector<std::string> words{"-Q", "-n1", "--mem=20", "-m", "block:block"};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {"sh", "-c",
                             "test $SLURM_PROCID = 0 || exit 0; "
                             "sed -n 's/res://p;s/mon://p' /proc/self/cpu_resctrl_groups; "
                             "cat /sys/fs/resctrl/$(sed -n 's/res://p' "
                             "/proc/self/cpu_resctrl_groups)/schemata"});
  Seen seen{srun(words), {}, {}, {}};
  std::istringstream out(seen.ran.out);
  std::getline(out, seen.group);
  std::getline(out, seen.monitor);
  seen.schemata.assign(std::istreambuf_iterator<char>(out), {});
  return seen;
}

}  // namespace berth::test
