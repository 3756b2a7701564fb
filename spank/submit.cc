#include "spank/submit.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "launcher/handoff.h"
#include "launcher/rdt_request.h"
#include "spank/srun_command_line.h"

namespace berth::spank {
namespace {

// Slurm's command lines are parsed by getopt_long(3), which has left optind at the command.
SrunOptions options_of_this_process() {
  const std::string raw = read_file(AT_FDCWD, "/proc/self/cmdline", size_t{4} << 20);
  std::vector<std::string> words;
  for (size_t at = 0; at < raw.size();) {
    const size_t end = raw.find('\0', at);
    words.push_back(raw.substr(at, end - at));
    if (end == std::string::npos) break;
    at = end + 1;
  }
  const auto last = static_cast<size_t>(::optind);
  if (words.size() > last) words.resize(last);
  if (!words.empty()) words.erase(words.begin());
  return parse_srun_options(words);
}

std::string real_bundle(const std::string& given) {
  const std::string option = "--container=" + given;
  char* resolved = ::realpath(given.c_str(), nullptr);
  if (resolved == nullptr) throw Error(option + ": " + errno_text(errno));
  std::string path = resolved;
  ::free(resolved);
  struct stat st {};
  if (::stat(path.c_str(), &st) < 0) throw Error(option + ": " + errno_text(errno));
  if (!S_ISDIR(st.st_mode)) {
    throw Error(option + ": not a directory (an OCI bundle is one with config.json in it)");
  }
  if (::access((path + "/config.json").c_str(), F_OK) < 0) {
    if (errno == ENOENT) throw Error(option + ": no config.json in it: not an OCI bundle");
    throw Error(option + ": its config.json: " + errno_text(errno));
  }
  return path;
}

// As srun itself makes --chdir absolute: by text, for the directory need not exist on this host.
std::string absolute(const std::string& path) {
  char here[PATH_MAX];
  if (path.starts_with('/') || ::getcwd(here, sizeof here) == nullptr) return path;
  return std::string(here) + "/" + path;
}

const char* environment_export() {
  const char* value = ::getenv("SRUN_EXPORT_ENV");
  return value != nullptr ? value : ::getenv("SLURM_EXPORT_ENV");
}

}  // namespace

void begin_submit() {
  // srun keeps a value that is there, so that a step inside `sbatch --container` would get its
  // job's bundle whatever it asked for (Slurm 22.05, src/srun/libsrun/opt.c).
  ::unsetenv(kContainerVariable);
  for (const char* name : {kBundleVariable, kExportVariable, kChdirVariable,
                           launcher::kHandoffVariable, launcher::kTraceTimeVariable}) {
    ::unsetenv(name);
  }
}

void publish_request(const Options& options) {
  (void)launcher::parse_rdt_options(options.rdt);
  const char* container = ::getenv(kContainerVariable);
  if (container == nullptr || *container == '\0') return;
  const SrunOptions srun = options_of_this_process();
  if (srun.multi_prog) {
    throw Error("--container cannot be combined with --multi-prog: its programs would run outside");
  }
  ::setenv(kBundleVariable, real_bundle(container).c_str(), 1);
  const char* inherited_chdir = ::getenv("SLURM_WORKING_DIR");
  if (srun.chdir)
    ::setenv(kChdirVariable, absolute(*srun.chdir).c_str(), 1);
  else if (inherited_chdir != nullptr)
    ::setenv(kChdirVariable, absolute(inherited_chdir).c_str(), 1);
  const char* inherited = environment_export();
  if (srun.export_option)
    ::setenv(kExportVariable, srun.export_option->c_str(), 1);
  else if (inherited != nullptr)
    ::setenv(kExportVariable, inherited, 1);
}

}  // namespace berth::spank
