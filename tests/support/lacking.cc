#include "tests/support/lacking.h"

#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "base/error.h"

namespace berth::test {
namespace {

std::string refused(const std::string& path, int mode) {
  return ::access(path.c_str(), mode) == 0 ? "" : path + ": " + errno_text(errno);
}

}  // namespace

std::string lacks_file(const std::string& path) {
  return refused(path, R_OK);
}

std::string lacks_program(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path != nullptr ? path : "");
  int last = ENOENT;
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (::access((folder + "/" + name).c_str(), X_OK) == 0) return "";
    if (errno != ENOENT) last = errno;
  }
  return name + ": " + errno_text(last);
}

std::string lacks_built(const std::string& path, const std::string& compiler) {
  const std::string why = refused(path, X_OK);
  if (why.empty()) return "";
  const std::string no_compiler = lacks_program(compiler);
  if (no_compiler.empty()) throw Error("not built, though there is '" + compiler + "': " + why);
  return no_compiler;
}

std::string lacks_resctrl() {
  return lacks_file("/sys/fs/resctrl/schemata");
}

}  // namespace berth::test
