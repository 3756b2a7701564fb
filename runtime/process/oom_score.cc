#include "runtime/process/oom_score.h"

#include <fcntl.h>

#include <string>

#include "base/error.h"
#include "base/file.h"

namespace berth::runtime::process {

void set_oom_score(const spec::Process& process) {
  if (!process.oom_score_adj) return;
  const std::string value = std::to_string(*process.oom_score_adj);
  try {
    write_file(AT_FDCWD, "/proc/self/oom_score_adj", value);
  } catch (const Error& e) {
    throw Error("set process.oomScoreAdj to", value, e.code());
  }
}

}  // namespace berth::runtime::process
