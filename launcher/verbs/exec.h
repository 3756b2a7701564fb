// The verb `exec`, with runc's options.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "launcher/verbs/runtime_verbs.h"
#include "runtime/spec/spec.h"

namespace berth::launcher {

struct ExecOptions {
  std::string id;
  std::vector<std::string> command;
  std::string process_file;  // in place of the command and of all that describes the process
  std::string cwd, user, apparmor, process_label;
  std::vector<std::string> env, additional_gids, capabilities, cgroups;
  bool tty = false, detach = false, ignore_paused = false;
  std::optional<bool> no_new_privileges;
  std::string console_socket, pid_file, pidfd_socket;
  unsigned preserve_fds = 0;
  std::vector<int> descriptors;  // open when the program started
};
// The exit status of exec's own errors, as long as the process had no chance of execve.
inline constexpr int kExecFailed = 255;
int exec(const RuntimeOptions& runtime, const ExecOptions& options);

// What the process is to be: the configuration's changed by the options. Pure. What is asked for
// and left out is added to the configuration's warnings.
void describe_process(const ExecOptions& options, runtime::spec::Spec& configuration);
// The same from `--process`; what the file is silent about stays the configuration's.
void replace_process(const std::string& json, runtime::spec::Spec& configuration);

}  // namespace berth::launcher
