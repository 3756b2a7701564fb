// A label that is written elsewhere than to the kernel confines nobody (CVE-2019-16884), and one
// that is led to another file of /proc does harm (CVE-2025-52881): hence the host's /proc, and no
// links or mounts on the way.
#include "runtime/process/security_labels.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/file.h"

namespace berth::runtime::process {
namespace {

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

bool has_apparmor(const std::string& sys) {
  if (!exists(sys + "/kernel/security/apparmor")) return false;
  const auto enabled = read_file_if_exists(AT_FDCWD, sys + "/module/apparmor/parameters/enabled");
  return enabled && enabled->starts_with('Y');
}

// As libselinux sees it: a file system of its own that can be written to, and a policy that has
// given this process something else than the label of the boot.
bool has_selinux(const std::string& sys, const std::string& proc) {
  const std::string folder = sys + "/fs/selinux";
  if (!exists(folder + "/enforce")) return false;
  struct statvfs fs {};
  if (::statvfs(folder.c_str(), &fs) != 0 || (fs.f_flag & ST_RDONLY) != 0) return false;
  const auto current = read_file_if_exists(AT_FDCWD, proc + "/self/attr/current");
  return current && !current->starts_with("kernel");
}

// thread-self is a link, and the rest is walked without any.
std::string own_folder(int proc) {
  char target[PATH_MAX];
  const ssize_t size = check(::readlinkat(proc, "thread-self", target, sizeof target), "read link",
                             "/proc/thread-self");
  return {target, static_cast<size_t>(size)};
}

UniqueFd open_attribute(int proc, const std::string& name) {
  const std::string path = own_folder(proc) + "/attr/" + name;
  open_how how{};
  how.flags = O_WRONLY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
  return UniqueFd(static_cast<int>(
      check(::syscall(SYS_openat2, proc, path.c_str(), &how, sizeof how), "open", path)));
}

}  // namespace

SecurityModules SecurityModules::find(const std::string& sys, const std::string& proc) {
  return {.apparmor = has_apparmor(sys), .selinux = has_selinux(sys, proc)};
}

UniqueFd open_host_proc() {
  UniqueFd fd = open_dir(AT_FDCWD, "/proc");
  struct statfs fs {};
  check(::fstatfs(fd.get(), &fs), "statfs", "/proc");
  struct stat st {};
  check(::fstat(fd.get(), &st), "fstat", "/proc");
  constexpr ino_t kRoot = 1;  // PROC_ROOT_INO
  if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != kRoot) {
    throw Error("'/proc' is not a proc file system");
  }
  return fd;
}

SecurityLabels::SecurityLabels(const spec::Process& process, SecurityModules modules, UniqueFd proc)
    : apparmor_(process.apparmor_profile), selinux_(process.selinux_label), proc_(std::move(proc)) {
  if (!modules.apparmor && apparmor_ == "unconfined") apparmor_.clear();
  if (!modules.apparmor && !apparmor_.empty()) {
    throw Error("process.apparmorProfile: '" + apparmor_ +
                "' cannot be applied: AppArmor is not enabled on this host");
  }
  if (!modules.selinux && !selinux_.empty()) {
    throw Error("process.selinuxLabel: '" + selinux_ +
                "' cannot be applied: SELinux is not enabled on this host");
  }
}

void SecurityLabels::write(std::string_view attribute, std::string_view value) const {
  const std::string name(attribute);
  UniqueFd fd;
  try {
    fd = open_attribute(proc_.get(), name);
  } catch (const Error& e) {
    // Before Linux 4.17 the modules had one folder for all.
    const size_t slash = name.find('/');
    if (e.code() != ENOENT || slash == std::string::npos) throw;
    fd = open_attribute(proc_.get(), name.substr(slash + 1));
  }
  write_once(fd.get(), value, name);
}

void SecurityLabels::apply() const {
  if (!apparmor_.empty()) {
    try {
      write("apparmor/exec", "exec " + apparmor_);
    } catch (const Error& e) {
      const Error failed("process.apparmorProfile: apply", apparmor_, e.code());
      throw e.code() == ENOENT ? failed.with_note("is it loaded into the kernel?") : failed;
    }
  }
  if (!selinux_.empty()) {
    try {
      write("exec", selinux_);
    } catch (const Error& e) {
      throw Error("process.selinuxLabel: apply", selinux_, e.code());
    }
  }
}

void SecurityLabels::label_keys(bool on) const {
  if (selinux_.empty()) return;
  try {
    // One byte, the end of a string, takes it back.
    write("keycreate", on ? std::string_view(selinux_) : std::string_view("\0", 1));
  } catch (const Error& e) {
    if (e.code() != ENOENT) throw Error("process.selinuxLabel: label keys", selinux_, e.code());
  }
}

}  // namespace berth::runtime::process
