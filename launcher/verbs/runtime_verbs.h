// The OCI runtime's verbs. Each throws Error or returns the exit status.
#pragma once

#include <string>

#include "launcher/log_level.h"
#include "runtime/container/create_request.h"

namespace berth::launcher {

// The options before the verb.
struct RuntimeOptions {
  std::string root;         // of the containers' states
  bool root_given = false;  // root is the caller's choice
  std::string log;          // `--log` as typed: where lines go as well
  bool log_json = false;
  std::string criu = "criu";     // the program that checkpoint and restore run, looked up in PATH
  Level level = Level::warning;  // the least that is told
  bool trace_time = false;       // where the time goes, to standard error
  runtime::CgroupManager cgroup_manager = runtime::CgroupManager::cgroupfs;
  runtime::Rootless rootless = runtime::Rootless::automatic;
};

struct CreateOptions {
  runtime::CreateRequest request;
  std::string pidfd_socket;  // empty: nobody wants a descriptor of the process
};
int create(const RuntimeOptions& runtime, const CreateOptions& options);
struct RunOptions {
  CreateOptions create;
  bool keep = false;            // its state stays when it ends
  bool remove_cgroups = false;  // as of DeleteOptions
};
int run(const RuntimeOptions& runtime, const RunOptions& options);
int start(const RuntimeOptions& runtime, const std::string& id);
int state(const RuntimeOptions& runtime, const std::string& id);

struct KillOptions {
  std::string id, signal = "SIGTERM";
  bool all = false;
  bool regex = false;  // the id is a pattern: every container that it matches
};
int kill(const RuntimeOptions& runtime, const KillOptions& options);

struct DeleteOptions {
  std::string id;
  bool force = false;
  bool regex = false;           // as of KillOptions
  bool remove_cgroups = false;  // those of the bundle's runtime.json
};
int remove(const RuntimeOptions& runtime, const DeleteOptions& options);

struct ListOptions {
  bool json = false, quiet = false;
};
int list(const RuntimeOptions& runtime, const ListOptions& options);

}  // namespace berth::launcher
