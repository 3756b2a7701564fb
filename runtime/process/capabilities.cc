// The bounding set goes before the change of user, the others after it; all after the mounts and
// the pivot, which need them. libcap-ng gives the names alone: it remembers the id of the process
// and looks into /proc, and neither is the same after a clone3 of ours and a pivot.
#include "runtime/process/capabilities.h"

#include <cap-ng.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
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

// As capget(2) and capset(2) have them: 64 bits in two halves.
struct Own {
  uint64_t effective = 0, permitted = 0, inheritable = 0;
};

uint64_t joined(uint32_t low, uint32_t high) {
  return uint64_t{high} << 32 | low;
}

Own read_own() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct half[2] = {};
  check(::syscall(SYS_capget, &header, half), "read this process' capabilities");
  return {joined(half[0].effective, half[1].effective),
          joined(half[0].permitted, half[1].permitted),
          joined(half[0].inheritable, half[1].inheritable)};
}

void write_own(const Own& own) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct half[2] = {};
  for (unsigned i = 0; i < 2; ++i) {
    half[i].effective = static_cast<uint32_t>(own.effective >> 32 * i);
    half[i].permitted = static_cast<uint32_t>(own.permitted >> 32 * i);
    half[i].inheritable = static_cast<uint32_t>(own.inheritable >> 32 * i);
  }
  check(::syscall(SYS_capset, &header, half), "set process.capabilities");
}

bool is_bounding(int capability) {
  return ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1;
}

// Those of these that this process' bounding set has.
uint64_t read_bounding(const std::vector<std::string>& names) {
  uint64_t mask = 0;
  for (const std::string& name : names) {
    if (is_bounding(number_of(name))) mask |= bit(number_of(name));
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

}  // namespace

CapabilityPlan::CapabilityPlan(const std::optional<spec::Capabilities>& capabilities) {
  if (!capabilities) return;
  sets_.bounding = mask_of(capabilities->bounding, read_bounding(capabilities->bounding));
  sets_.permitted = mask_of(capabilities->permitted, read_own().permitted);
  sets_.effective = mask_of(capabilities->effective, sets_.permitted);
  sets_.inheritable = mask_of(capabilities->inheritable, sets_.bounding);
  sets_.ambient = mask_of(capabilities->ambient, sets_.permitted & sets_.inheritable);
}

void CapabilityPlan::limit_bounding() const {
  for (int c = 0; c <= CAP_LAST_CAP; ++c) {
    if ((sets_.bounding & bit(c)) != 0 || ::prctl(PR_CAPBSET_DROP, c, 0, 0, 0) == 0) continue;
    // A kernel older than these headers knows fewer; who may drop none needs not drop what is not
    // there.
    const int code = errno;
    if (code == EINVAL || !is_bounding(c)) continue;
    throw Error("drop from the bounding set", ::capng_capability_to_name(static_cast<unsigned>(c)),
                code);
  }
  check(::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keep capabilities");
}

void CapabilityPlan::apply(bool keep_sys_admin) const {
  const uint64_t extra = keep_sys_admin ? bit(CAP_SYS_ADMIN) : 0;
  write_own({sets_.effective | extra, sets_.permitted | extra, sets_.inheritable});
  check(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "clear ambient capabilities");
  for (int c = 0; c <= CAP_LAST_CAP; ++c) {
    if ((sets_.ambient & bit(c)) == 0) continue;
    check(::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, c, 0, 0), "raise ambient capability",
          ::capng_capability_to_name(static_cast<unsigned>(c)));
  }
}

bool has_capabilities() {
  return read_own().effective != 0;
}

bool has_sys_admin() {
  return (read_own().effective & bit(CAP_SYS_ADMIN)) != 0;
}

bool has_net_admin() {
  return (read_own().effective & bit(CAP_NET_ADMIN)) != 0;
}

void set_no_new_privileges() {
  check(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "set no_new_privs");
}

}  // namespace berth::runtime::process
