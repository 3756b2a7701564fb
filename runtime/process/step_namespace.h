// A user namespace without a process in it, as a descriptor. All tasks of a job step on a node join
// one: between sibling namespaces the kernel refuses process_vm_readv(2), and with it MPI's copies
// by shared memory.
#pragma once

#include <sys/types.h>

#include "base/fd.h"

namespace berth::runtime {

// Maps exactly one id: the caller's effective uid and gid become these inside. Needs no privilege.
// Safe in a process with threads, and raises no SIGCHLD there.
UniqueFd make_user_namespace(uid_t inside_uid, gid_t inside_gid);

}  // namespace berth::runtime
