// systemd, the system's or a user's own, told over D-Bus to make, change and stop units. Each call
// waits for what it sets off, at most 30 s.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <vector>

#include "runtime/systemd/value.h"

namespace berth::runtime::systemd {

// Whether systemd is this host's process 1 (sd_booted(3)).
bool is_running();

enum class Instance { system, user };

class Manager {
 public:
  // The system's: by the system bus, or where there is none by systemd's own socket. A user's: by
  // DBUS_SESSION_BUS_ADDRESS or XDG_RUNTIME_DIR.
  static Manager connect(Instance instance);
  ~Manager();
  Manager(Manager&&) noexcept;
  Manager& operator=(Manager&&) noexcept;
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  // Returns when the unit runs. One of that name that has failed is removed first; any other is an
  // error. Properties that this systemd is too old for are left out.
  void start(const std::string& unit, std::vector<Property> properties);
  // Until it is gone; also what is left of a failed one. Nothing happens where there is none.
  void stop(const std::string& unit);
  // In force when it returns; forgotten when the unit ends.
  void set(const std::string& unit, std::vector<Property> properties);
  // Moves a process into the unit's cgroup, or into the group `below` it (`/a/b`, or empty).
  void attach(const std::string& unit, const std::string& below, pid_t pid);
  // The cgroup that all of its units are below, as in /proc/PID/cgroup: `/` for the system's.
  std::string cgroup();

 private:
  struct Connection;
  explicit Manager(std::unique_ptr<Connection> connection);
  std::unique_ptr<Connection> connection_;
};

}  // namespace berth::runtime::systemd
