// The plugin's one mutable object: SPANK calls hooks without a user pointer, one process serves one
// step.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "launcher/policy.h"
#include "launcher/prepare.h"
#include "launcher/request.h"
#include "launcher/step_namespace.h"
#include "topology/machine.h"

namespace berth::spank {

// Arguments of the line in plugstack.conf.
struct Settings {
  std::string policy_file = launcher::kDefaultPolicyFile;
  bool policy_required = false;  // given by name: must exist
  std::string launcher = BERTH_INSTALLED_LAUNCHER;
  bool trace_time = false;
};
inline constexpr const char* kTraceTime = "trace_time";
// `policy=FILE`, `launcher=FILE`, `trace_time`; anything else is an Error.
Settings parse_settings(int argc, char** argv);

// The user's options, as typed.
struct Options {
  launcher::RdtOptions rdt;
};

// One task's channel: the task child and then its launcher hold `child`.
struct TaskChannel {
  SocketPair sockets;
  std::optional<runtime::cgroup::Node> cgroup;
};

struct Step {
  Settings settings;
  Options options;

  // In slurmstepd, where the step asked for something of ours.
  bool asked = false;
  // The first failure. Hooks record it and return 0: Slurm ignores or mishandles most hooks'
  // errors, task_init alone ends a task cleanly (and runs in the task's own process, so no task
  // slips through).
  std::string error;
  uint32_t job = 0, step = 0;
  std::string use;  // this step's name among the claim's uses
  launcher::Request request;
  launcher::Policy policy;
  std::optional<topology::Machine> machine;
  std::optional<launcher::Roots> roots;
  std::optional<launcher::Prepared> prepared;
  std::vector<TaskChannel> tasks;
  size_t ended_tasks = 0;
  std::optional<launcher::StepNamespaceRequest> namespace_request;
  std::optional<launcher::StepNamespace> user_namespace;
};

Step& the_step();

}  // namespace berth::spank
