// process.capabilities: what the program may do beyond its user. Only what this process itself has
// can be given; what it lacks is left out, as in a container inside a container.
#pragma once

#include <optional>

#include "runtime/spec/spec.h"

namespace berth::runtime::process {

// Names are resolved (Error for an unknown one) and weighed against what this process has.
// Made inside the user namespace: there the process has them all.
class CapabilityPlan {
 public:
  explicit CapabilityPlan(const std::optional<spec::Capabilities>& capabilities);
  // Takes the rest out of the bounding set, for which it still needs CAP_SETPCAP, and keeps the
  // permitted set through the change of user that follows.
  void limit_bounding() const;
  // After the change of user: the other four sets. `keep_sys_admin`: loading a seccomp filter
  // without no_new_privs takes CAP_SYS_ADMIN; execve computes permitted and effective anew from
  // inheritable, bounding and ambient, so keeping it in those two until then gives the program
  // nothing.
  void apply(bool keep_sys_admin) const;

 private:
  struct Sets {
    uint64_t bounding = 0, effective = 0, inheritable = 0, permitted = 0, ambient = 0;
  };
  Sets sets_;
};

// Whether this process has any in effect.
bool has_capabilities();
// Whether this process may do what root does to namespaces and mounts.
bool has_sys_admin();
// What it does to network interfaces.
bool has_net_admin();

// process.noNewPrivileges: execve gives nothing more from now on.
void set_no_new_privileges();

}  // namespace berth::runtime::process
