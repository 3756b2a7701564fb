#include "runtime/process/program.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "runtime/process/environment.h"

namespace berth::runtime::process {
namespace {

// As the C library's execvp without PATH, and what images without an environment expect.
constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string_view path_of(const std::vector<std::string>& env) {
  for (const std::string_view entry : env) {
    if (entry.starts_with("PATH=")) return entry.substr(5);
  }
  return kDefaultPath;
}

// 0, or why it cannot be executed.
int refusal(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0) return errno == ENOTDIR ? ENOENT : errno;
  if (!S_ISREG(st.st_mode)) return S_ISDIR(st.st_mode) ? EISDIR : EACCES;
  return ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& s : strings) result.push_back(s.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

std::string find_program(const std::string& name, const std::vector<std::string>& env) {
  if (name.empty()) throw Error("process.args[0] is empty");
  if (name.find('/') != std::string::npos) {
    const int code = refusal(name);
    if (code == ENOENT) throw Error("find program", name, ENOENT);
    // execve's own word, which drivers know.
    if (code == EISDIR) throw Error("execute", name, EACCES).with_note("it is a directory");
    if (code != 0) throw Error("execute", name, code);
    return name;
  }
  const std::string_view path = path_of(env);
  std::string seen;  // the first that is there but cannot be executed
  int seen_code = 0;
  for (size_t start = 0; start <= path.size();) {
    const size_t end = std::min(path.find(':', start), path.size());
    const std::string_view directory = path.substr(start, end - start);
    start = end + 1;
    std::string candidate = (directory.empty() ? "." : std::string(directory)) + "/" + name;
    const int code = refusal(candidate);
    if (code == 0) return candidate;
    if (code != ENOENT && code != EISDIR && seen.empty()) {
      seen = std::move(candidate);
      seen_code = code;
    }
  }
  if (!seen.empty()) throw Error("execute", seen, seen_code);
  // Drivers look for these words of runc's.
  throw Error("find program", name, ENOENT)
      .with_note("executable file not found in $PATH, which is '" + std::string(path) + "'");
}

Program::Program(const spec::Process& process) : args_(process.args), env_(process.env) {
  if (args_.empty()) throw Error("process.args is empty: there is nothing to run");
}

void Program::move_listen_pid(pid_t from, pid_t to) {
  std::ranges::replace(env_, "LISTEN_PID=" + std::to_string(from),
                       "LISTEN_PID=" + std::to_string(to));
}

void Program::find() {
  env_ = complete_environment(std::move(env_), ::geteuid());
  path_ = find_program(args_.front(), env_);
  argv_ = pointers(args_);
  envp_ = pointers(env_);
}

void Program::execute() const {
  ::execve(path_.c_str(), argv_.data(), envp_.data());
  const int code = errno;
  if (code != ENOENT) throw Error("execute", path_, code);
  // The file was there a moment ago: what is missing is what it names itself. In the words that
  // callers know from runc.
  throw Error("exec " + path_, {}, code)
      .with_note("its interpreter or loader is not in the container");
}

}  // namespace berth::runtime::process
