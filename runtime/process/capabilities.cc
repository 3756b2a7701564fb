// The bounding set goes before the change of user, the others after it; all after the mounts and
// the pivot, which need them. libcap-ng keeps its state for the thread and is used only here.
#include "runtime/process/capabilities.h"

#include <cap-ng.h>
#include <sys/prctl.h>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/trace.h"

namespace berth::runtime::process {
namespace {

constexpr uint64_t bit(int capability) {
  return uint64_t{1} << static_cast<unsigned>(capability);
}

// `CAP_NET_RAW` -> CAP_NET_RAW; libcap-ng spells it `net_raw`.
int number_of(const std::string& name) {
  std::string plain = name.starts_with("CAP_") ? name.substr(4) : std::string();
  std::ranges::transform(plain, plain.begin(), [](unsigned char c) { return std::tolower(c); });
  const int number = plain.empty() ? -1 : ::capng_name_to_capability(plain.c_str());
  if (number < 0) throw Error("process.capabilities: '" + name + "' is not a capability");
  return number;
}

uint64_t available(capng_type_t type) {
  uint64_t mask = 0;
  for (int c = 0; c <= CAP_LAST_CAP; ++c) {
    if (::capng_have_capability(type, static_cast<unsigned>(c)) != 0) mask |= bit(c);
  }
  return mask;
}

uint64_t mask_of(const std::vector<std::string>& names, uint64_t limit) {
  uint64_t mask = 0;
  for (const std::string& name : names) {
    const uint64_t one = bit(number_of(name));
    if ((one & limit) == 0) trace("leave out " + name + ": this process does not have it");
    mask |= one & limit;
  }
  return mask;
}

void fill(int types, uint64_t mask) {
  for (int c = 0; c <= CAP_LAST_CAP; ++c) {
    if ((mask & bit(c)) == 0) continue;
    ::capng_update(CAPNG_ADD, static_cast<capng_type_t>(types), static_cast<unsigned>(c));
  }
}

}  // namespace

CapabilityPlan::CapabilityPlan(const std::optional<spec::Capabilities>& capabilities) {
  if (!capabilities) return;
  if (::capng_get_caps_process() != 0) throw Error("read this process' capabilities", {}, errno);
  const uint64_t bounding = available(CAPNG_BOUNDING_SET);
  const uint64_t permitted = available(CAPNG_PERMITTED);
  sets_.bounding = mask_of(capabilities->bounding, bounding);
  sets_.permitted = mask_of(capabilities->permitted, permitted);
  sets_.effective = mask_of(capabilities->effective, sets_.permitted);
  sets_.inheritable = mask_of(capabilities->inheritable, sets_.bounding);
  sets_.ambient = mask_of(capabilities->ambient, sets_.permitted & sets_.inheritable);
}

void CapabilityPlan::limit_bounding() const {
  for (int c = 0; c <= CAP_LAST_CAP; ++c) {
    // A kernel older than these headers knows fewer: EINVAL.
    if ((sets_.bounding & bit(c)) != 0 || ::prctl(PR_CAPBSET_READ, c, 0, 0, 0) != 1) continue;
    check(::prctl(PR_CAPBSET_DROP, c, 0, 0, 0), "drop from the bounding set",
          ::capng_capability_to_name(static_cast<unsigned>(c)));
  }
  check(::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keep capabilities");
}

void CapabilityPlan::apply(bool keep_sys_admin) const {
  const uint64_t extra = keep_sys_admin ? bit(CAP_SYS_ADMIN) : 0;
  ::capng_clear(CAPNG_SELECT_ALL);
  fill(CAPNG_PERMITTED, sets_.permitted | extra);
  fill(CAPNG_EFFECTIVE, sets_.effective | extra);
  fill(CAPNG_INHERITABLE, sets_.inheritable);
  fill(CAPNG_AMBIENT, sets_.ambient);
  errno = 0;
  if (::capng_apply(CAPNG_SELECT_CAPS) != 0) throw Error("set process.capabilities", {}, errno);
  if (::capng_apply(CAPNG_SELECT_AMBIENT) != 0) {
    throw Error("set process.capabilities.ambient", {}, errno);
  }
}

bool has_sys_admin() {
  if (::capng_get_caps_process() != 0) throw Error("read this process' capabilities", {}, errno);
  return ::capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN) != 0;
}

void set_no_new_privileges() {
  check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "set no_new_privs");
}

}  // namespace berth::runtime::process
