#include "runtime/container/outside.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "runtime/rootfs/root_dir.h"

namespace berth::runtime {
namespace {

using rootfs::RootDir;

RootDir root_at(const std::string& path) {
  return RootDir(open_file(AT_FDCWD, path, O_PATH | O_DIRECTORY));
}

std::string proc(pid_t pid, const std::string& name) {
  return "/proc/" + std::to_string(pid) + "/" + name;
}

std::string read_link(const std::string& path) {
  char buffer[PATH_MAX];
  const ssize_t size = check(::readlink(path.c_str(), buffer, sizeof buffer), "readlink", path);
  return {buffer, static_cast<size_t>(size)};
}

// proc(5), /proc/PID/fdinfo: `mnt_id:\t27`.
std::optional<int> mount_of(pid_t pid, int fd) {
  const std::string text = read_file(AT_FDCWD, proc(pid, "fdinfo/" + std::to_string(fd)));
  constexpr std::string_view kKey = "mnt_id:";
  size_t at = text.find(kKey);
  if (at == std::string::npos) return std::nullopt;
  at = text.find_first_not_of(" \t", at + kKey.size());
  int id = 0;
  if (at == std::string::npos ||
      std::from_chars(text.data() + at, text.data() + text.size(), id).ec != std::errc()) {
    return std::nullopt;
  }
  return id;
}

// The ids of the mounts that a process sees: the first field of each line.
std::set<int> mounts_of(pid_t pid) {
  constexpr size_t kLargest = size_t{16} << 20;
  const std::string text = read_file(AT_FDCWD, proc(pid, "mountinfo"), kLargest);
  std::set<int> ids;
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    int id = 0;
    (void)std::from_chars(text.data() + at, text.data() + text.size(), id);
    ids.insert(id);
    if (text.find('\n', at) == std::string::npos) break;
  }
  return ids;
}

bool is_cgroup(const spec::Mount& mount) {
  return mount.type == "cgroup" || mount.type == "cgroup2";
}

bool lies_in_another(const spec::Mount& mount, const spec::Spec& spec) {
  return std::ranges::any_of(spec.mounts, [&](const spec::Mount& other) {
    return other.destination != "/" && mount.destination.starts_with(other.destination + "/");
  });
}

}  // namespace

std::vector<criu::ExternalMount> mounts_outside(const spec::Spec& spec, const std::string& rootfs) {
  std::vector<criu::ExternalMount> mounts = criu::external_mounts(spec);
  const RootDir root = root_at(rootfs);
  const std::string top = rootfs::path_of(root.fd());
  for (criu::ExternalMount& mount : mounts) {
    const auto place = root.open_if_exists(mount.destination);
    const std::string path = place ? rootfs::path_of(place->get()) : "";
    if (path.starts_with(top + "/")) mount.destination = path.substr(top.size());
  }
  return mounts;
}

std::vector<std::string> masked_files(const spec::Spec& spec, pid_t pid) {
  std::vector<std::string> found;
  const RootDir root = root_at(proc(pid, "root"));
  for (const std::string& path : spec.linux_.masked_paths) {
    const auto file = root.open_if_exists(path);
    struct stat status {};
    if (!file || ::fstat(file->get(), &status) < 0 || S_ISDIR(status.st_mode)) continue;
    found.push_back(path);
  }
  return found;
}

std::vector<std::pair<char, ino_t>> namespaces_outside(const spec::Spec& spec) {
  using spec::NamespaceType;
  std::vector<std::pair<char, ino_t>> found;
  for (const auto& [type, letter] :
       {std::pair{NamespaceType::network, 'n'}, std::pair{NamespaceType::pid, 'p'}}) {
    const spec::Namespace* const ns = spec.find_namespace(type);
    if (ns == nullptr || ns->path.empty()) continue;
    struct stat status {};
    check(::stat(ns->path.c_str(), &status), "stat", ns->path);
    found.emplace_back(letter, status.st_ino);
  }
  return found;
}

criu::Descriptors descriptors_of(pid_t pid) {
  criu::Descriptors names;
  const std::set<int> own = mounts_of(pid);
  for (int fd = 0; fd < 3; ++fd) {
    const std::string path = proc(pid, "fd/" + std::to_string(fd));
    std::string& name = names[static_cast<size_t>(fd)];
    struct stat status {};
    if (::stat(path.c_str(), &status) < 0) {
      if (errno == ENOENT) continue;  // closed
      throw Error("stat", path, errno);
    }
    name = read_link(path);
    const bool is_file = name.starts_with('/') && !name.starts_with("/memfd:");
    const auto mount = is_file ? mount_of(pid, fd) : std::nullopt;
    if (!mount || own.contains(*mount)) continue;
    char key[64];
    std::snprintf(key, sizeof key, "file[%x:%" PRIx64 "]", static_cast<unsigned>(*mount),
                  static_cast<uint64_t>(status.st_ino));
    name = key;
  }
  return names;
}

void make_mount_points(const spec::Spec& spec, const std::string& rootfs) {
  const RootDir root = root_at(rootfs);
  for (const spec::Mount& mount : spec.mounts) {
    if (is_cgroup(mount) || lies_in_another(mount, spec)) continue;
    if (root.open_if_exists(mount.destination)) continue;
    const bool is_bind = criu::is_bind(mount);
    struct stat status {};
    if (is_bind) check(::stat(mount.source.c_str(), &status), "stat", mount.source);
    if (is_bind && !S_ISDIR(status.st_mode)) {
      (void)root.make_file(mount.destination);
    } else {
      (void)root.make_dirs(mount.destination);
    }
  }
}

}  // namespace berth::runtime
