// One user namespace for all tasks of a step on a node: sibling namespaces would break MPI's
// cross-memory attach (process_vm_readv gives EPERM). Made by the job's user, in a process of its
// own that reads the bundle; the root side gets a descriptor and never opens the bundle.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"

namespace berth::launcher {

struct UserIds {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

// The namespace and what the user is in it.
struct StepNamespace {
  UniqueFd fd;
  uint32_t uid = 0, gid = 0;
};

// Root side: starts `launcher step-namespace BUNDLE` as that user and waits (bounded) for the
// descriptor. The user is 0 inside where the bundle's process.user is, unless `keep_ids`. Throws
// Error with that process's own line.
StepNamespace request_step_namespace(const std::string& launcher, const std::string& bundle,
                                     const UserIds& ids, bool keep_ids);

// The other side: answers on `socket` with the namespace or with a line. Returns the exit status.
int serve_step_namespace(const std::string& bundle, bool keep_ids, int socket);

// The verb's name on the launcher's command line, and the descriptor on which it answers.
inline constexpr const char* kStepNamespaceVerb = "step-namespace";
inline constexpr int kStepNamespaceFd = 3;
inline constexpr const char* kKeepIds = "keep-ids";  // an argument after the bundle

}  // namespace berth::launcher
