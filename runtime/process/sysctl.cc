// After the namespaces, which they belong to, and before /proc/sys is made read-only. A write that
// could be led elsewhere in /proc is a way out of a container: hence one descriptor and no links.
#include "runtime/process/sysctl.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/file.h"

namespace berth::runtime::process {
namespace {

// What keeps a parameter apart from the host's; the parser asks the same, but a launcher may have
// taken namespaces out of the spec since.
std::optional<spec::NamespaceType> owner_of(std::string_view path) {
  using enum spec::NamespaceType;
  if (path.find("..") != std::string_view::npos) return std::nullopt;  // leads anywhere
  if (path.starts_with("net/")) return network;
  if (path.starts_with("fs/mqueue/")) return ipc;
  if (path.starts_with("kernel/msg") || path.starts_with("kernel/shm") ||
      path.starts_with("kernel/sem") || path == "kernel/auto_msgmni") {
    return ipc;
  }
  if (path == "kernel/hostname" || path == "kernel/domainname") return uts;
  return std::nullopt;
}

UniqueFd open_beneath(int dir, const std::string& path) {
  open_how how{};
  how.flags = O_WRONLY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
  return UniqueFd(static_cast<int>(
      check(::syscall(SYS_openat2, dir, path.c_str(), &how, sizeof how), "open", path)));
}

}  // namespace

UniqueFd open_proc_sys() {
  UniqueFd fd = open_dir(AT_FDCWD, "/proc/sys");
  struct statfs fs {};
  check(::fstatfs(fd.get(), &fs), "statfs", "/proc/sys");
  if (fs.f_type != PROC_SUPER_MAGIC) throw Error("'/proc/sys' is not of a proc file system");
  return fd;
}

std::string sysctl_path(std::string_view name) {
  std::string path(name);
  const size_t first = path.find_first_of("./");
  if (first == std::string::npos || path[first] == '/') return path;
  std::ranges::transform(path, path.begin(), [](char c) {
    return c == '.' ? '/' : c == '/' ? '.' : c;
  });
  return path;
}

void set_sysctls(int proc_sys, const spec::Spec& spec) {
  for (const auto& [name, value] : spec.linux_.sysctl) {
    const std::string path = sysctl_path(name);
    const auto owner = owner_of(path);
    if (!owner || !spec.has_namespace(*owner)) {
      throw Error("linux.sysctl: '" + name + "' would change the host's");
    }
    try {
      write_once(open_beneath(proc_sys, path).get(), value, name);
    } catch (const Error& e) {
      throw e.within("linux.sysctl: '" + name + "' = '" + value + "'");
    }
  }
}

}  // namespace berth::runtime::process
