#include "tests/runtime/rootfs/bundle.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "tests/support/become.h"

namespace berth::runtime::rootfs {
namespace fs = std::filesystem;
namespace {

constexpr uid_t kUser = test::kNobody;

// A user namespace that root makes is mapped from outside it, by a helper that stays there.
void unshare_user_as_root() {
  int ready[2];
  check(::pipe2(ready, O_CLOEXEC), "pipe");
  const pid_t target = ::getpid();
  const pid_t helper = check(::fork(), "fork");
  if (helper == 0) {
    char byte = 0;
    ::close(ready[1]);
    (void)!::read(ready[0], &byte, 1);
    const std::string proc = "/proc/" + std::to_string(target);
    std::ofstream(proc + "/uid_map") << "0 65534 1";
    std::ofstream(proc + "/gid_map") << "0 65534 1";
    ::_exit(0);
  }
  check(::unshare(CLONE_NEWUSER), "unshare user");
  ::close(ready[1]);
  int status = 0;
  check(::waitpid(helper, &status, 0), "waitpid");
  ::close(ready[0]);
  check(::setresgid(0, 0, 0), "setresgid");
  check(::setresuid(0, 0, 0), "setresuid");
}

void unshare_user(const char* map) {
  check(::unshare(CLONE_NEWUSER), "unshare user");
  write_file(AT_FDCWD, "/proc/self/setgroups", "deny");
  write_file(AT_FDCWD, "/proc/self/uid_map", map);
  write_file(AT_FDCWD, "/proc/self/gid_map", map);
}

void give_to_user(const std::string& path) {
  check(::lchown(path.c_str(), kUser, kUser), "chown", path);
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    check(::lchown(entry.path().c_str(), kUser, kUser), "chown", entry.path().string());
  }
}

}  // namespace

std::string name_of(As as) {
  switch (as) {
    case As::root:
      return "root";
    case As::user:
      return "user";
    case As::self:
      return "self";
    case As::root_for_user:
      return "root_for_user";
  }
  return "unknown";
}

Bundle::Bundle() {
  dir("rootfs");
  spec.oci_version = "1.0.2";
  spec.root = spec::Root{.path = "rootfs", .readonly = false};
}

void Bundle::dir(const std::string& name) const {
  fs::create_directories(path() + "/" + name);
}

void Bundle::file(const std::string& name, const std::string& content) const {
  folder_.write(name, content);
}

void Bundle::link(const std::string& name, const std::string& target) const {
  fs::create_directories(fs::path(path() + "/" + name).parent_path());
  fs::create_symlink(target, path() + "/" + name);
}

void Bundle::mount(const std::string& destination, const std::string& type,
                   const std::string& source, std::vector<std::string> options) {
  spec.mounts.push_back(
      {.destination = destination, .type = type, .source = source, .options = std::move(options)});
}

void Bundle::usual_mounts() {
  mount("/proc", "proc", "proc");
  mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"});
  mount("/dev/pts", "devpts", "devpts",
        {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"});
  mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"});
}

void Bundle::child(As as, const std::function<void(Rootfs&)>& between,
                   const std::function<std::string()>& inside, int pipe) {
  if (on_host) on_host();
  if (as == As::user || as == As::self) test::become(kUser);
  const UniqueFd bundle = open_dir(AT_FDCWD, path());
  Rootfs rootfs = Rootfs::open(bundle.get(), spec, binds, as != As::root);
  rootfs.open_sources();
  if (as == As::user) unshare_user("0 65534 1");
  if (as == As::self) unshare_user("65534 65534 1");
  if (as == As::root_for_user) unshare_user_as_root();
  check(::unshare(CLONE_NEWNS | namespaces), "unshare");
  if ((namespaces & CLONE_NEWPID) != 0) {
    const pid_t init = check(::fork(), "fork");
    if (init != 0) {
      int status = 0;
      check(::waitpid(init, &status, 0), "waitpid");
      ::_exit(0);
    }
  }
  rootfs.mount_all();
  if (between) between(rootfs);
  rootfs.pivot();
  const std::string report = "+" + inside();
  write_all(pipe, report, "pipe");
}

Result Bundle::enter(As as, const std::function<std::string()>& inside) {
  return enter(as, {}, inside);
}

Result Bundle::enter(As as, const std::function<void(Rootfs&)>& between,
                     const std::function<std::string()>& inside) {
  if (as != As::root && !keep_owners) give_to_user(path());
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC), "pipe");
  UniqueFd reader(ends[0]), writer(ends[1]);
  const pid_t pid = check(::fork(), "fork");
  if (pid == 0) {
    reader.reset();
    try {
      child(as, between, inside, writer.get());
    } catch (const std::exception& e) {
      (void)!::write(writer.get(), e.what(), std::string_view(e.what()).size());
    }
    ::_exit(0);
  }
  writer.reset();
  const std::string text = read_fd(reader.get(), "pipe");
  int status = 0;
  check(::waitpid(pid, &status, 0), "waitpid");
  if (!WIFEXITED(status)) return {.error = "child died of a signal", .report = {}};
  if (text.starts_with('+')) return {.error = {}, .report = text.substr(1)};
  return {.error = text.empty() ? "no answer" : text, .report = {}};
}

bool can_unshare() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(::unshare(CLONE_NEWNS) == 0 ? 0 : errno);
  int status = 0;
  ::waitpid(pid, &status, 0);
  errno = WEXITSTATUS(status);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string content(const std::string& path) {
  try {
    return read_file(AT_FDCWD, path);
  } catch (const Error& e) {
    return "errno: " + errno_text(e.code());
  }
}

std::string names(const std::string& path) {
  std::string text;
  for (const std::string& name : list_dir(open_dir(AT_FDCWD, path).get())) {
    text += (text.empty() ? "" : " ") + name;
  }
  return text;
}

std::string kernel_core() {
  return fs::exists("/proc/kcore") ? "core " : "";
}

std::string mount_line(const std::string& mount_point) {
  std::istringstream lines(read_file(AT_FDCWD, "/proc/self/mountinfo"));
  std::string last;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string id, parent, device, root, point;
    if (fields >> id >> parent >> device >> root >> point && point == mount_point) last = line;
  }
  return last;
}

bool writable(const std::string& dir) {
  const std::string name = dir + "/.probe";
  const UniqueFd fd(::open(name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  ::unlink(name.c_str());
  return static_cast<bool>(fd);
}

}  // namespace berth::runtime::rootfs
