#include "tests/support/criu.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/lacking.h"
#include "tests/support/shell.h"

namespace berth::test {
namespace {

constexpr const char* kUnpacked = BERTH_SOURCE_DIR "/build/vm/root";

}  // namespace

std::string criu_program() {
  const std::string own = std::string(kUnpacked) + "/usr/sbin/criu";
  return std::filesystem::exists(own) ? own : "criu";
}

std::map<std::string, std::string> criu_variables() {
  const std::string root = kUnpacked;
  return {
      {"LD_LIBRARY_PATH", root + "/usr/lib/x86_64-linux-gnu:" + root + "/lib/x86_64-linux-gnu"}};
}

std::string lacks_criu() {
  if (criu_program() == "criu") {
    if (std::string why = lacks_program("criu"); !why.empty()) return why;
  }
  const Ran ran = run({criu_program(), "check"}, {.more = criu_variables()});
  const std::string said = ran.err.substr(0, ran.err.find('\n'));
  return ran.status == 0 ? "" : "criu check: " + said;
}

std::string path_with_criu(const std::string& folder) {
  std::string path = std::getenv("PATH");
  if (criu_program() == "criu") return path;
  const std::string script = folder + "/criu";
  std::ofstream(script) << "#!/bin/sh\nexport LD_LIBRARY_PATH='"
                        << criu_variables().at("LD_LIBRARY_PATH") << "'\nexec '" << criu_program()
                        << "' \"$@\"\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  return folder + ":" + path;
}

}  // namespace berth::test
