// First of all in the container's start. The user namespace goes before those that are made: it
// owns them then, and owning them is the right to mount, to name the host, to raise an interface.
#include "runtime/process/namespaces.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ranges>

#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace berth::runtime::process {
namespace {

using spec::NamespaceType;

struct Kind {
  NamespaceType type;
  int flag;
  const char* name;
  const char* file;  // in /proc/PID/ns
};
constexpr auto kKinds =
    std::to_array<Kind>({{NamespaceType::mount, CLONE_NEWNS, "mount", "mnt"},
                         {NamespaceType::pid, CLONE_NEWPID, "pid", "pid"},
                         {NamespaceType::network, CLONE_NEWNET, "network", "net"},
                         {NamespaceType::ipc, CLONE_NEWIPC, "ipc", "ipc"},
                         {NamespaceType::uts, CLONE_NEWUTS, "uts", "uts"},
                         {NamespaceType::user, CLONE_NEWUSER, "user", "user"},
                         {NamespaceType::cgroup, CLONE_NEWCGROUP, "cgroup", "cgroup"},
                         {NamespaceType::time, CLONE_NEWTIME, "time", "time"}});

const Kind& kind_of(NamespaceType type) {
  return *std::ranges::find(kKinds, type, &Kind::type);
}

std::string own_path(NamespaceType type) {
  return std::string("/proc/self/ns/") + kind_of(type).file;
}

UniqueFd open_namespace(const spec::Namespace& ns, size_t index) {
  const std::string key = "linux.namespaces[" + std::to_string(index) + "].path";
  UniqueFd fd;
  try {
    // A fifo of that name would keep us for ever.
    fd = open_file(AT_FDCWD, ns.path, O_RDONLY | O_NONBLOCK);
  } catch (const Error& e) {
    throw e.within(key);
  }
  if (::ioctl(fd.get(), NS_GET_NSTYPE) != kind_of(ns.type).flag) {
    throw Error(key + ": '" + ns.path + "' is not a namespace of type '" + name_of(ns.type) + "'");
  }
  return fd;
}

bool is_same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

bool is_own(const spec::Namespace& ns) {
  struct stat own {};
  struct stat other {};
  return ::stat(own_path(ns.type).c_str(), &own) == 0 && ::stat(ns.path.c_str(), &other) == 0 &&
         is_same_file(own, other);
}

bool is_own_user_namespace(int ns_dir) {
  struct stat own {};
  struct stat other {};
  check(::stat("/proc/self/ns/user", &own), "stat", "/proc/self/ns/user");
  check(::fstatat(ns_dir, "user", &other, 0), "stat user namespace of", "container");
  return is_same_file(own, other);
}

void join(int fd, NamespaceType type, const std::string& path) {
  if (tracing()) trace("join " + std::string(name_of(type)) + " namespace " + path);
  check(::setns(fd, kind_of(type).flag), std::string("join ") + name_of(type) + " namespace", path);
}

void unshare(int flags) {
  if (flags == 0 || ::unshare(flags) == 0) return;
  const int code = errno;
  std::string list;
  for (const Kind& kind : kKinds) {
    if ((flags & kind.flag) != 0) list += (list.empty() ? "" : ", ") + std::string(kind.name);
  }
  throw Error("make namespaces", list, code);
}

}  // namespace

int clone_flag(NamespaceType type) {
  return kind_of(type).flag;
}

const char* name_of(NamespaceType type) {
  return kind_of(type).name;
}

const char* proc_name_of(NamespaceType type) {
  return kind_of(type).file;
}

void forget_own_namespaces(spec::Spec& spec) {
  std::erase_if(spec.linux_.namespaces,
                [](const spec::Namespace& ns) { return !ns.path.empty() && is_own(ns); });
}

Namespaces Namespaces::open(const spec::Spec& spec, bool inherits_mount) {
  Namespaces result;
  result.make_flags_ = CLONE_NEWNS;
  for (size_t i = 0; i < spec.linux_.namespaces.size(); ++i) {
    const spec::Namespace& ns = spec.linux_.namespaces[i];
    if (!ns.path.empty()) {
      UniqueFd fd = open_namespace(ns, i);
      if (ns.type == NamespaceType::mount) {
        result.mount_ = std::move(fd);
        continue;
      }
      if (is_own(ns)) continue;
      result.joins_pid_ |= ns.type == NamespaceType::pid;
      result.joins_user_ |= ns.type == NamespaceType::user;
      result.joined_.push_back({ns.type, ns.path, std::move(fd)});
    } else if (ns.type == NamespaceType::pid) {
      result.makes_pid_ = true;
    } else if (ns.type == NamespaceType::user) {
      result.makes_user_ = true;
    } else {
      result.make_flags_ |= clone_flag(ns.type);
    }
  }
  if (inherits_mount && !spec.has_namespace(NamespaceType::mount)) {
    result.mount_ = open_file(AT_FDCWD, own_path(NamespaceType::mount), O_RDONLY);
  }
  return result;
}

Namespaces Namespaces::of_process(pid_t pid, int pidfd, const spec::Spec& spec) {
  Namespaces result;
  result.peer_ = duplicate(pidfd);
  const std::string proc = "/proc/" + std::to_string(pid);
  result.peer_dir_ = open_dir(AT_FDCWD, proc + "/ns");
  const spec::Namespace* mount = spec.find_namespace(NamespaceType::mount);
  if (mount == nullptr || !mount->path.empty()) {
    result.peer_root_ = open_file(AT_FDCWD, proc + "/root", O_PATH | O_DIRECTORY);
  }
  // Still the same process: the number was not given to another before the folder was open.
  check(::syscall(SYS_pidfd_send_signal, pidfd, 0, nullptr, 0), "find process",
        std::to_string(pid));
  result.peer_flags_ = CLONE_NEWNS;
  for (const spec::Namespace& ns : spec.linux_.namespaces) {
    if (ns.type != NamespaceType::user) result.peer_flags_ |= clone_flag(ns.type);
  }
  // To be joined twice is an error (EINVAL).
  if (!is_own_user_namespace(result.peer_dir_.get())) result.peer_flags_ |= CLONE_NEWUSER;
  result.joins_pid_ = (result.peer_flags_ & CLONE_NEWPID) != 0;
  result.joins_user_ = (result.peer_flags_ & CLONE_NEWUSER) != 0;
  return result;
}

// All but the mount namespace in one call: the kernel weighs them all with the rights that this
// process has before, and knows which to take first.
void Namespaces::join_peer() {
  int left = CLONE_NEWNS;
  const int now = peer_flags_ & ~CLONE_NEWNS;
  if (now != 0 && ::setns(peer_.get(), now) != 0) {
    if (errno != EINVAL) throw Error("join the container's namespaces", {}, errno);
    left = peer_flags_;  // before Linux 5.8: one by one
  }
  // The mount namespace last: with it go the host's paths.
  for (const Kind& kind : kKinds | std::views::reverse) {
    if ((left & kind.flag) == 0) continue;
    joined_.push_back({kind.type, std::string("of the container (") + kind.file + ")",
                       open_file(peer_dir_.get(), kind.file, O_RDONLY)});
  }
}

bool Namespaces::join_pid_for_children() {
  if (peer_) {
    if (::setns(peer_.get(), CLONE_NEWPID) != 0) return false;  // also before Linux 5.8
    peer_flags_ &= ~CLONE_NEWPID;
    return true;
  }
  const auto is_pid = [](const Joined& ns) { return ns.type == NamespaceType::pid; };
  const auto found = std::ranges::find_if(joined_, is_pid);
  if (found == joined_.end() || ::setns(found->fd.get(), CLONE_NEWPID) != 0) return false;
  joined_.erase(found);
  return true;
}

void Namespaces::join_before_user() {
  if (peer_) join_peer();
  std::erase_if(joined_, [](const Joined& ns) {
    if (ns.type == NamespaceType::user || ns.type == NamespaceType::mount) return false;
    if (::setns(ns.fd.get(), clone_flag(ns.type)) == 0) return true;
    if (errno == EPERM) return false;
    throw Error(std::string("join ") + name_of(ns.type) + " namespace", ns.path, errno);
  });
}

void Namespaces::join_user() {
  for (const Joined& ns : joined_) {
    if (ns.type == NamespaceType::user) join(ns.fd.get(), ns.type, ns.path);
  }
}

void Namespaces::join_pid() {
  std::erase_if(joined_, [](const Joined& ns) {
    if (ns.type != NamespaceType::pid) return false;
    join(ns.fd.get(), ns.type, ns.path);
    return true;
  });
}

void Namespaces::join_after_user() {
  for (const Joined& ns : joined_) {
    if (ns.type != NamespaceType::user) join(ns.fd.get(), ns.type, ns.path);
  }
  joined_.clear();
  take_peer_root();
}

// A mount namespace that is not the container's own has somebody else's root.
void Namespaces::take_peer_root() const {
  if (!peer_root_) return;
  check(::fchdir(peer_root_.get()), "change to", "the container's root");
  check(::chroot("."), "chroot to", "the container's root");
}

void Namespaces::make() const {
  unshare(make_flags_);
}

void Namespaces::put_off_cgroup() {
  late_flags_ = make_flags_ & CLONE_NEWCGROUP;
  make_flags_ &= ~CLONE_NEWCGROUP;
}

void Namespaces::make_late() const {
  unshare(late_flags_);
}

ChildrenElsewhere::ChildrenElsewhere(Namespaces& namespaces, bool joins) {
  if (!joins) return;
  own_ = open_file(AT_FDCWD, own_path(NamespaceType::pid), O_RDONLY);
  dumpable_ = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  hide_from_peers();
  joined_ = namespaces.join_pid_for_children();
}

ChildrenElsewhere::~ChildrenElsewhere() {
  if (!own_) return;
  if (joined_) (void)::setns(own_.get(), CLONE_NEWPID);
  // 2, where fs.suid_dumpable put it, cannot be set.
  if (dumpable_ == 1) (void)::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

void hide_from_peers() {
  check(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "make undumpable");
}

}  // namespace berth::runtime::process
