#include "runtime/state/state.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>

#include "base/error.h"
#include "base/file.h"
#include "base/process_identity.h"
#include "runtime/spec/parse.h"
#include "runtime/state/record_json.h"

namespace berth::runtime {
namespace {

constexpr const char* kRecord = "state.json";
constexpr const char* kConfiguration = "config.json";
constexpr const char* kStart = "start";
constexpr size_t kLargest = size_t{4} << 20;
constexpr size_t kLongestId = 200;  // it becomes part of file and cgroup names

bool is_gone(int dir) {
  struct stat status {};
  return ::fstat(dir, &status) == 0 && status.st_nlink == 0;
}

void unlink_if_there(int dir, const char* name) {
  if (::unlinkat(dir, name, 0) < 0 && errno != ENOENT) throw Error("remove", name, errno);
}

// With the files in it.
void remove_folder(int dir, const std::string& name) {
  const auto folder = open_dir_if_exists(dir, name);
  if (!folder) return;
  for (const std::string& file : list_dir(folder->get())) {
    unlink_if_there(folder->get(), file.c_str());
  }
  if (::unlinkat(dir, name.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT) {
    throw Error("remove", name, errno);
  }
}

// All that the containers have is in folders of their maker's alone.
UniqueFd make_path(const std::string& path) {
  if (auto there = open_dir_if_exists(AT_FDCWD, path)) return std::move(*there);
  for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    (void)make_dir(AT_FDCWD, path.substr(0, at), 0755);
  }
  (void)make_dir(AT_FDCWD, path, 0700);
  return open_dir(AT_FDCWD, path);
}

// Who can write there decides what root's next `delete` removes.
void refuse_strangers_folder(int dir, const std::string& path) {
  struct stat status {};
  check(::fstat(dir, &status), "fstat", path);
  if (status.st_uid != ::geteuid() || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    throw Error("--root '" + path + "': it belongs to somebody else, or others may write to it");
  }
}

}  // namespace

void check_id(const std::string& id) {
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '+' || c == '-' ||
           c == '.';
  };
  if (id.empty() || id.size() > kLongestId || id.starts_with('.') ||
      !std::ranges::all_of(id, allowed)) {
    throw Error("container ID '" + id +
                "': invalid character or length: letters, digits and _+-. are allowed, no dot in "
                "front, at most 200");
  }
}

StateLock::~StateLock() {
  if (fd_) ::flock(fd_.get(), LOCK_UN);
}

StateLock StateFolder::lock() const {
  UniqueFd own = open_dir(dir_.get(), ".");  // flock(2) counts by open file, not by process
  int rc = 0;
  do {
    rc = ::flock(own.get(), LOCK_EX);
  } while (rc < 0 && errno == EINTR);
  check(rc, "lock state of container", id_);
  if (is_gone(own.get())) throw Error("container '" + id_ + "' does not exist");
  return StateLock(std::move(own));
}

std::optional<Record> StateFolder::find_record() const {
  const auto text = read_file_if_exists(dir_.get(), kRecord);
  if (!text) return std::nullopt;
  return parse_record(*text, id_);
}

Record StateFolder::record() const {
  auto record = find_record();
  if (!record) throw Error("container '" + id_ + "' was never finished: delete it");
  return std::move(*record);
}

std::optional<Record> StateFolder::find_changed_record() const {
  const auto text = read_file_if_exists(dir_.get(), kRecord);
  if (!text || *text == written_) return std::nullopt;
  return parse_record(*text, id_);
}

void StateFolder::write(const Record& record) const {
  written_ = record_json(record);
  replace_file(dir_.get(), kRecord, written_, 0600, /*through_a_crash=*/false);
}

void StateFolder::write_next(const Record& record, std::optional<NextFile>& next) const {
  written_ = record_json(record);
  next.emplace(dir_.get(), kRecord, written_, 0600, /*through_a_crash=*/false);
}

void StateFolder::commit_next_for(pid_t maker) const {
  NextFile::commit_for(maker, dir_.get(), kRecord);
}

void StateFolder::keep_configuration(const std::string& json) const {
  replace_file(dir_.get(), kConfiguration, json, 0600, /*through_a_crash=*/false);
}

spec::Spec StateFolder::configuration() const {
  return spec::parse_spec(read_file(dir_.get(), kConfiguration, kLargest));
}

void StateFolder::remove() const {
  // The record last: until then the container can be found and its removal repeated.
  unlink_if_there(dir_.get(), kStart);
  unlink_if_there(dir_.get(), kConfiguration);
  for (const std::string& name : list_dir(dir_.get())) {
    if (name == kRecord || ::unlinkat(dir_.get(), name.c_str(), 0) == 0 || errno == ENOENT)
      continue;
    if (errno != EISDIR) throw Error("remove", name, errno);
    remove_folder(dir_.get(), name);
  }
  unlink_if_there(dir_.get(), kRecord);
  if (::unlinkat(root_.get(), id_.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT) {
    throw Error("remove state of container", id_, errno);
  }
}

StateRoot StateRoot::open(const std::string& path) {
  if (!path.starts_with('/')) {
    throw Error("--root '" + path + "': an absolute path is wanted");
  }
  StateRoot root(make_path(path));
  refuse_strangers_folder(root.dir_.get(), path);
  return root;
}

std::optional<StateRoot> StateRoot::open_if_exists(const std::string& path) {
  auto dir = open_dir_if_exists(AT_FDCWD, path);
  if (!dir) return std::nullopt;
  refuse_strangers_folder(dir->get(), path);
  return StateRoot(std::move(*dir));
}

std::string StateRoot::default_path(bool real_root) {
  constexpr const char* kRoots = "/run/berth/containers";
  if (real_root) return kRoots;
  const bool root = ::geteuid() == 0;
  const char* const user = std::getenv("USER");
  // Who logs in as root where a user namespace is the whole machine has a /run of that machine's.
  if (root && user != nullptr && std::string_view(user) == "root") return kRoots;
  const char* const runtime_dir = std::getenv("XDG_RUNTIME_DIR");
  if (runtime_dir != nullptr && *runtime_dir == '/') return std::string(runtime_dir) + "/berth";
  return root ? kRoots : "/tmp/berth-" + std::to_string(::geteuid());
}

StateFolder StateRoot::create(const std::string& id) const {
  check_id(id);
  if (!make_dir(dir_.get(), id, 0700)) {
    throw Error("container '" + id + "' exists already");
  }
  return {duplicate(dir_.get()), id, open_dir(dir_.get(), id)};
}

std::optional<StateFolder> StateRoot::find_if_exists(const std::string& id) const {
  check_id(id);
  auto dir = open_dir_if_exists(dir_.get(), id);
  if (!dir) return std::nullopt;
  return StateFolder(duplicate(dir_.get()), id, std::move(*dir));
}

StateFolder StateRoot::find(const std::string& id) const {
  auto folder = find_if_exists(id);
  if (!folder) throw Error("container '" + id + "' does not exist");
  return std::move(*folder);
}

std::vector<std::string> StateRoot::ids() const {
  return list_subdirectories(dir_.get());
}

Status status_of(const StateFolder& folder, const Record& record) {
  if (record.pid == 0) return Status::creating;
  if (start_time_of(record.pid) != record.start_time) return Status::stopped;
  const bool waits = ::faccessat(folder.fd(), kStart, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  return waits ? Status::created : Status::running;
}

}  // namespace berth::runtime
