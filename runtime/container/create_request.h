// What `create` and `run` are asked for.
#pragma once

#include <signal.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace berth::runtime {

// Who makes the container's cgroup: this process, systemd, or nobody.
enum class CgroupManager { cgroupfs, systemd, disabled };
// Whether a cgroup may be missing: where this process may make none, and the configuration does not
// ask for one.
enum class Rootless { automatic, yes, no };

struct CreateRequest {
  std::string id;
  std::string bundle = ".";  // its directory
  std::string config_file;   // empty: the bundle's config.json
  std::string console_socket;
  std::string pid_file;
  unsigned preserve_fds = 0;
  std::vector<int> descriptors;  // open when the program started
  bool new_keyring = true;
  CgroupManager cgroup_manager = CgroupManager::cgroupfs;
  Rootless rootless = Rootless::automatic;
  // The program need not wait for `start`. Where nothing has to happen between the two it does not
  // (Container::is_started).
  bool start_at_once = false;
  bool detached = true;                 // nobody stays: a terminal needs a console socket
  std::optional<sigset_t> signal_mask;  // the program's; absent: this process's
  // Asked where the bundle has a runtime.json: throws Error where that is not to be honoured.
  std::function<void()> allow_service;
};

}  // namespace berth::runtime
