#include "tests/e2e/berth_slurm.h"

#include <glob.h>
#include <unistd.h>

#include <fstream>

namespace berth::test {

std::vector<std::string> matches(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  ::globfree(&found);
  return paths;
}

void BerthSlurm::start_with(const std::vector<std::string>& more, const std::string& policy) {
  std::vector<std::string> options{"--with", built_program("fds") + ":/bin/fds", "--with",
                                   built_program("eat") + ":/bin/eat"};
  if (::access(built_program("ring_mpich").c_str(), X_OK) == 0) {
    for (const char* word : {"--mpi", "mpich"}) options.emplace_back(word);
    options.push_back(built_program("ring_mpich"));
    options.push_back(built_program("cma_mpich"));
  }
  bundle_ = std::make_unique<MadeBundle>(options);
  const std::string file = bundle_->path() + "/../policy.json";
  std::ofstream(file) << policy;
  start_with_berth(file, more);
}

Ran BerthSlurm::contained(std::vector<std::string> options, const std::vector<std::string>& words,
                          const RunOptions& run) {
  options.push_back("--container=" + bundle());
  options.insert(options.end(), words.begin(), words.end());
  return srun(options, run);
}

}  // namespace berth::test
