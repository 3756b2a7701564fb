// process.apparmorProfile and process.selinuxLabel: what confines the program from execve on, as
// the kernel's security modules have it (proc(5), /proc/PID/attr).
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::process {

// Which of them are in force on this host. `sys` and `proc` are where these file systems are.
struct SecurityModules {
  bool apparmor = false, selinux = false;
  static SecurityModules find(const std::string& sys = "/sys", const std::string& proc = "/proc");
};

// The host's /proc, opened before anything of the container's could stand in its place.
UniqueFd open_host_proc();

class SecurityLabels {
 public:
  // Throws Error for what no module here can apply, but for `unconfined`, which is so anyway.
  // `proc`: what open_host_proc gave.
  SecurityLabels(const spec::Process& process, SecurityModules modules, UniqueFd proc);
  // Of this thread, from its next execve on.
  void apply() const;
  // Of the keys and keyrings that this thread makes, until it is told otherwise.
  void label_keys(bool on) const;

 private:
  void write(std::string_view attribute, std::string_view value) const;
  std::string apparmor_, selinux_;
  UniqueFd proc_;
};

}  // namespace berth::runtime::process
