// One user namespace for all tasks of a step on a node: sibling namespaces would break MPI's
// cross-memory attach (process_vm_readv gives EPERM). Made by the job's user, in a process of its
// own that reads the bundle; the root side gets a descriptor and never opens the bundle.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "launcher/rdt_request.h"

namespace berth::launcher {

struct UserIds {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

// The namespace, what the user is in it, and what the bundle's linux.intelRdt wishes for, as the
// options that would ask for it: the user's word, as what he types.
struct StepNamespace {
  UniqueFd fd;
  uint32_t uid = 0, gid = 0;
  RdtOptions rdt;
};

// Root side: a running `launcher step-namespace BUNDLE` of that user's. In two halves, so that the
// caller goes on while it works; one that is not asked for its answer is killed.
class StepNamespaceRequest {
 public:
  // The user is 0 inside where the bundle's process.user is, unless `keep_ids`. Throws Error.
  static StepNamespaceRequest start(const std::string& launcher, const std::string& bundle,
                                    const UserIds& ids, bool keep_ids);
  StepNamespaceRequest(StepNamespaceRequest&& other) noexcept;
  StepNamespaceRequest& operator=(StepNamespaceRequest&&) = delete;
  StepNamespaceRequest(const StepNamespaceRequest&) = delete;
  StepNamespaceRequest& operator=(const StepNamespaceRequest&) = delete;
  ~StepNamespaceRequest();

  // Waits, bounded, for the descriptor; once. Throws Error with that process's own line.
  StepNamespace answer();

 private:
  StepNamespaceRequest(pid_t pid, UniqueFd socket, std::string launcher, std::string bundle,
                       const UserIds& ids, bool keep_ids);
  void end() noexcept;

  pid_t pid_;  // 0: none left
  UniqueFd socket_;
  std::string launcher_, bundle_;
  uid_t uid_;
  gid_t gid_;
  bool keep_ids_;
};

// The other side: answers on `socket` with the namespace or with a line. Returns the exit status.
int serve_step_namespace(const std::string& bundle, bool keep_ids, int socket);

// The verb's name on the launcher's command line, and the descriptor on which it answers.
inline constexpr const char* kStepNamespaceVerb = "step-namespace";
inline constexpr int kStepNamespaceFd = 3;
inline constexpr const char* kKeepIds = "keep-ids";  // an argument after the bundle

}  // namespace berth::launcher
