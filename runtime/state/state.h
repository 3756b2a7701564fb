// What outlives the command that made a container: its record under the state directory
// (`berth --root`), read by every later command about it. Atomic (write, rename), locked (flock on
// the container's folder), stamped with a version.
//
//   ROOT/ID/state.json   the record
//   ROOT/ID/config.json  the configuration that the container was made from, as it was then
//   ROOT/ID/notify/      where the container may say sd_notify(3) messages: its socket
//   ROOT/ID/start        while it is only created: the socket on which its process waits
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/file.h"
#include "runtime/cgroup/hierarchy.h"
#include "runtime/spec/spec.h"

namespace berth::runtime {

// runtime-spec, "State"; `paused` is an addition that runc and its callers have.
enum class Status { creating, created, running, paused, stopped };
const char* to_string(Status status);

// Namespaces that were made for a container and that nobody else was put into.
struct OwnNamespaces {
  bool pid = false, mount = false, user = false;
  bool operator==(const OwnNamespaces&) const = default;
};

// The resctrl group that a container was put into (runtime-spec, config-linux.md, "IntelRdt").
struct CacheGroup {
  std::string name;     // empty: the default group
  std::string monitor;  // the monitor group in it that is the container's alone; empty: none
  bool made = false;    // for this container...
  bool stays = false;   // ...but others may join it, and it does not go with it
  bool operator==(const CacheGroup&) const = default;
};

struct Record {
  std::string id;
  std::string oci_version;            // of the configuration
  std::string bundle;                 // absolute
  std::string rootfs;                 // absolute
  std::string created;                // RFC 3339, UTC
  uid_t owner = 0;                    // who made it
  pid_t pid = 0;                      // its first process, as the maker counts; 0: none yet
  unsigned long long start_time = 0;  // proc(5) stat field 22: tells the pid from a later one's
  std::string cgroup;        // below every hierarchy's mount point; empty: it has none of ours
  std::string unit;          // the cgroup is this unit's of systemd's; empty: it is no unit's
  cgroup::Tops cgroup_tops;  // what is above the cgroup and goes with the last container in it
  bool delegated = false;    // the cgroup is on v2 alone, in what a user was given of it
  std::optional<CacheGroup> cache_group;  // absent: the container is in whatever group berth was
  OwnNamespaces own;
  std::map<std::string, std::string> annotations;
  bool new_keyring = true;  // a session keyring of its own, which its execs have too
  bool late_hooks = false;  // poststart or poststop: the configuration is read again for them alone
  bool operator==(const Record&) const = default;
};

// While it lives, other commands that change the container wait.
class StateLock {
 public:
  StateLock(StateLock&&) noexcept = default;
  StateLock& operator=(StateLock&&) = delete;
  StateLock(const StateLock&) = delete;
  StateLock& operator=(const StateLock&) = delete;
  // By name, not by closing: a child that was forked meanwhile has the descriptor too.
  ~StateLock();

 private:
  friend class StateFolder;
  explicit StateLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// One container's folder.
class StateFolder {
 public:
  const std::string& id() const { return id_; }
  // The directory; `start` in it is a socket while the process waits to be started.
  int fd() const { return dir_.get(); }

  // Throws Error (ENOENT) where the container was removed meanwhile.
  [[nodiscard]] StateLock lock() const;

  // Nothing where a crash left a folder without a record.
  std::optional<Record> find_record() const;
  Record record() const;
  // The record where it is not what this object has written last.
  std::optional<Record> find_changed_record() const;
  void write(const Record& record) const;
  // The same in two steps: `next`'s commit makes it the record.
  void write_next(const Record& record, std::optional<NextFile>& next) const;
  // That commit by a child of `maker`, which has written it. Throws Error.
  void commit_next_for(pid_t maker) const;

  // The configuration as it was when the container was made.
  void keep_configuration(const std::string& json) const;
  spec::Spec configuration() const;

  // Removes the folder and what is in it.
  void remove() const;

 private:
  friend class StateRoot;
  StateFolder(UniqueFd root, std::string id, UniqueFd dir)
      : root_(std::move(root)), id_(std::move(id)), dir_(std::move(dir)) {}
  UniqueFd root_;
  std::string id_;
  UniqueFd dir_;
  mutable std::string written_;  // to spare the command that made it the reading
};

// Letters, digits and `_+-.`, no dot in front. Throws Error.
void check_id(const std::string& id);

class StateRoot {
 public:
  // The folder that `--root` names; made (0700) where it is not there.
  static StateRoot open(const std::string& path);
  // Where it is not there: no containers.
  static std::optional<StateRoot> open_if_exists(const std::string& path);
  // `/run/berth/containers`, or below $XDG_RUNTIME_DIR for a user, also for one who is root in a
  // user namespace alone (`real_root` is false).
  static std::string default_path(bool real_root);

  // A new folder. Throws Error where the id is taken.
  StateFolder create(const std::string& id) const;
  // Throws Error: `container 'ID' does not exist`.
  StateFolder find(const std::string& id) const;
  std::optional<StateFolder> find_if_exists(const std::string& id) const;
  std::vector<std::string> ids() const;

 private:
  explicit StateRoot(UniqueFd dir) : dir_(std::move(dir)) {}
  UniqueFd dir_;
};

// From the record and what the kernel says now: a pid that is gone, a zombie or somebody else's
// means stopped; a process that waits for `start` created. Whether a running one is paused, its
// cgroup knows.
Status status_of(const StateFolder& folder, const Record& record);

// The state object of runtime-spec, "State", with runc's additions (`rootfs`, `created`, `owner`).
std::string state_json(const Record& record, Status status);

}  // namespace berth::runtime
