// `berth bench` is programs of its own beside this one: what they load is nothing that a
// container's start should map.
#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "launcher/verbs/node_verbs.h"

namespace berth::launcher {
namespace {

// Where berth's own programs are; a build tree has them elsewhere.
std::string libexec_dir() {
  const char* const set = ::secure_getenv(kLibexecVariable);
  return set != nullptr && *set != '\0' ? set : BERTH_LIBEXEC_DIR;
}

}  // namespace

int bench_cache(const std::vector<std::string>& words) {
  const std::string program = libexec_dir() + "/bench-cache";
  std::vector<std::string> command{program};
  command.insert(command.end(), words.begin(), words.end());
  std::vector<char*> argv;
  for (std::string& word : command) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::execv(program.c_str(), argv.data());
  throw Error("execute", program, errno);
}

}  // namespace berth::launcher
