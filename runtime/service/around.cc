#include "runtime/service/around.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "runtime/process/namespaces.h"
#include "runtime/rootfs/tree.h"
#include "runtime/service/cgroups.h"
#include "runtime/service/interfaces.h"

namespace berth::runtime::service {
namespace {

// What a path is part of; nothing where there is no such path.
std::optional<uint64_t> mount_of(const std::string& path) {
  struct statx st {};
  if (::statx(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, STATX_MNT_ID, &st) < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    throw Error("statx", path, errno);
  }
  return st.stx_mnt_id;
}

bool exists(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) == 0) return true;
  if (errno != ENOENT) throw Error("look at", path, errno);
  return false;
}

// With what is missing above it; 0755 whatever the umask.
void make_directories(const std::string& path, ActLog& log) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string part = path.substr(0, slash);
    if (!part.ends_with('/') && !exists(part)) {
      log.about_to({.kind = Act::Kind::directory, .path = part});
      if (make_dir(AT_FDCWD, part, 0755)) check(::chmod(part.c_str(), 0755), "chmod", part);
    }
    if (slash == std::string::npos) return;
  }
}

// An empty file, for what is not a directory to be mounted on.
void make_file(const std::string& path, ActLog& log) {
  if (const size_t slash = path.rfind('/'); slash != 0)
    make_directories(path.substr(0, slash), log);
  if (exists(path)) return;
  log.about_to({.kind = Act::Kind::file, .path = path});
  (void)open_file(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
}

void note_mount(const std::string& path, ActLog& log) {
  log.about_to(
      {.kind = Act::Kind::mount, .path = path, .mount_before = mount_of(path).value_or(0)});
}

bool is_directory(const std::string& path) {
  struct stat st {};
  check(::stat(path.c_str(), &st), "look at", path);
  return S_ISDIR(st.st_mode);
}

void finish(int tree, const Mount& mount) {
  rootfs::set_attributes(tree, mount.options.attributes, false, mount.destination);
  rootfs::set_attributes(tree, mount.options.recursive_attributes, true, mount.destination);
  for (const rootfs::Propagation& propagation : mount.options.propagation) {
    rootfs::set_propagation(tree, propagation, mount.destination);
  }
}

// Not through a link at its end: what is taken back later is found by this very name.
void attach(int tree, const Mount& mount, ActLog& log) {
  const UniqueFd target = open_file(AT_FDCWD, mount.destination, O_PATH | O_NOFOLLOW);
  struct stat st {};
  check(::fstat(target.get(), &st), "fstat", mount.destination);
  if (S_ISLNK(st.st_mode)) throw Error("the destination is a symbolic link");
  note_mount(mount.destination, log);
  rootfs::attach(tree, target.get(), mount.destination);
}

void bind(const Mount& mount, ActLog& log) {
  is_directory(mount.source) ? make_directories(mount.destination, log)
                             : make_file(mount.destination, log);
  const UniqueFd tree = rootfs::clone_tree(AT_FDCWD, mount.source, mount.options.recursive_bind);
  finish(tree.get(), mount);
  attach(tree.get(), mount, log);
}

// Of what is mounted there already: nothing to be taken back but by who knows how it was.
void change(const Mount& mount) {
  if (!exists(mount.destination)) throw Error("look at", mount.destination, ENOENT);
  const UniqueFd tree = open_file(AT_FDCWD, mount.destination, O_PATH);
  if (mount.options.remount && !mount.options.data.empty()) {
    rootfs::reconfigure(tree.get(), mount.options.data, mount.destination);
  }
  finish(tree.get(), mount);
}

void mount_filesystem(const Mount& mount, ActLog& log) {
  make_directories(mount.destination, log);
  if (mount.type == "overlay") {
    for (const auto& [key, value] : mount.options.data) {
      if (key != "upperdir" && key != "workdir") continue;
      make_directories(value, log);
      // The kernel makes this one for itself, and leaves it.
      if (key == "workdir") log.about_to({.kind = Act::Kind::directory, .path = value + "/work"});
    }
  }
  const UniqueFd tree = rootfs::new_filesystem(mount.type, mount.source, mount.options.data,
                                               mount.options.attributes.set);
  for (const rootfs::Propagation& propagation : mount.options.propagation) {
    rootfs::set_propagation(tree.get(), propagation, mount.destination);
  }
  attach(tree.get(), mount, log);
}

void perform(const Mount& mount, ActLog& log) {
  try {
    if (mount.options.bind && !mount.options.remount) return bind(mount, log);
    if (mount.options.remount || mount.type.empty()) return change(mount);
    mount_filesystem(mount, log);
  } catch (const Error& error) {
    throw error.within("mount '" + mount.destination + "'");
  }
}

void mount_or_throw(const char* source, const std::string& target, unsigned long flags) {
  check(::mount(source, target.c_str(), nullptr, flags, nullptr),
        source == nullptr ? "make private" : "bind " + std::string(source) + " to", target);
}

// A mount namespace cannot be shown where its mount would show in others too (fs/namespace.c,
// copy_tree): the file gets a private mount of itself first.
void make_private(const std::string& path, ActLog& log) {
  note_mount(path, log);
  mount_or_throw(path.c_str(), path, MS_BIND);
  mount_or_throw(nullptr, path, MS_PRIVATE);
}

std::string failure(const std::string& act, const std::string& path, int code) {
  return "could not " + Error(act, path, code).message();
}

std::optional<std::string> take_back(const Act& act) {
  switch (act.kind) {
    case Act::Kind::mount:
      if (mount_of(act.path).value_or(act.mount_before) == act.mount_before) return std::nullopt;
      if (::umount2(act.path.c_str(), UMOUNT_NOFOLLOW) == 0) return std::nullopt;
      return failure("unmount", act.path, errno);
    case Act::Kind::file:
      if (::unlink(act.path.c_str()) == 0 || errno == ENOENT) return std::nullopt;
      return failure("remove", act.path, errno);
    case Act::Kind::directory:
      if (::rmdir(act.path.c_str()) == 0 || errno == ENOENT) return std::nullopt;
      return failure("remove", act.path, errno);
    case Act::Kind::cgroup:
      return take_back_cgroup(act);
    case Act::Kind::make_interface:
    case Act::Kind::move_interface:
      return take_back_interface(act);
  }
  return std::nullopt;
}

}  // namespace

void make_ready(const Service& service, ActLog& log) {
  for (const std::string& path : service.cgroups) make_cgroup(path, log);
  for (const Mount& mount : service.mounts) perform(mount, log);
  for (const std::string& path : service.directories) make_directories(path, log);
}

void surround(const Service& service, pid_t process, ActLog& log) {
  for (const BoundNamespace& bound : service.namespaces) {
    make_file(bound.path, log);
    if (bound.type == spec::NamespaceType::mount) make_private(bound.path, log);
    note_mount(bound.path, log);
    const std::string source =
        fmt::format("/proc/{}/ns/{}", process, process::proc_name_of(bound.type));
    mount_or_throw(source.c_str(), bound.path, MS_BIND);
  }
}

std::vector<std::string> take_back(const std::vector<Act>& acts, bool cgroups_too) {
  std::vector<std::string> left;
  const auto try_to = [&left](const Act& act) {
    try {
      if (auto line = take_back(act)) left.push_back(std::move(*line));
    } catch (const std::exception& error) {
      left.emplace_back(error.what());
    }
  };
  // First what is in a network namespace that only a bound file keeps.
  for (const Act& act : acts) {
    if (act.kind == Act::Kind::move_interface) try_to(act);
  }
  for (auto act = acts.rbegin(); act != acts.rend(); ++act) {
    if (act->kind == Act::Kind::move_interface) continue;
    if (act->kind == Act::Kind::cgroup && !cgroups_too) continue;
    try_to(*act);
  }
  return left;
}

}  // namespace berth::runtime::service
