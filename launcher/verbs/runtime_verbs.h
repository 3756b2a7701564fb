// The OCI runtime's verbs. Each throws Error or returns the exit status.
#pragma once

#include <string>

#include "runtime/container/create_request.h"

namespace berth::launcher {

// The options before the verb.
struct RuntimeOptions {
  std::string root;  // of the containers' states
  std::string log;   // a file that errors are written to as well
  bool log_json = false;
  runtime::CgroupManager cgroup_manager = runtime::CgroupManager::cgroupfs;
  runtime::Rootless rootless = runtime::Rootless::automatic;
};

int create(const RuntimeOptions& runtime, runtime::CreateRequest request);
// `keep`: its state stays when it ends.
int run(const RuntimeOptions& runtime, runtime::CreateRequest request, bool keep);
int start(const RuntimeOptions& runtime, const std::string& id);
int state(const RuntimeOptions& runtime, const std::string& id);

struct KillOptions {
  std::string id, signal = "SIGTERM";
  bool all = false;
};
int kill(const RuntimeOptions& runtime, const KillOptions& options);

struct DeleteOptions {
  std::string id;
  bool force = false;
};
int remove(const RuntimeOptions& runtime, const DeleteOptions& options);

struct ListOptions {
  bool json = false, quiet = false;
};
int list(const RuntimeOptions& runtime, const ListOptions& options);

}  // namespace berth::launcher
