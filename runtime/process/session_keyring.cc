#include "runtime/process/session_keyring.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"

namespace berth::runtime::process {
namespace {

// What keyctl(2) gives a new keyring, and that its user may search it: without that right it is not
// found by its name, and each exec would have one of its own (security/keys/keyring.c).
constexpr unsigned kFindable = 0x3f1b0000;

}  // namespace

void join_session_keyring(const std::string& id) {
  const std::string name = "_ses." + id;
  const long ring = ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name.c_str());
  if (ring >= 0) {
    (void)::syscall(SYS_keyctl, KEYCTL_SETPERM, ring, kFindable);  // another's, found: it has it
    return;
  }
  // A kernel without keyrings, or a sandbox that forbids them, has no keys to leak either.
  if (errno != ENOSYS && errno != EPERM) throw Error("join session keyring", name, errno);
}

}  // namespace berth::runtime::process
