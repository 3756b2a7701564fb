// Which process `exec` starts: the configuration's own, changed by options or by a file.
#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "launcher/verbs/exec.h"
#include "runtime/spec/known.h"
#include "runtime/spec/parse.h"

namespace berth::launcher {
namespace {

using runtime::spec::Capabilities;
using runtime::spec::Process;

// The whole text or an error: half of one would be somebody else's id (CVE-2026-30892).
uint32_t parse_id(const char* option, std::string_view text) {
  uint32_t id = 0;
  const char* last = text.data() + text.size();
  const auto [end, failure] = std::from_chars(text.data(), last, id);
  if (failure != std::errc{} || end != last || id == UINT32_MAX) {
    throw Error(std::string(option) + ": '" + std::string(text) + "' is not an id");
  }
  return id;
}

void set_user(const std::string& text, runtime::spec::User& user) {
  const size_t colon = text.find(':');
  user.uid = parse_id("--user", std::string_view(text).substr(0, colon));
  if (colon != std::string::npos) {
    user.gid = parse_id("--user", std::string_view(text).substr(colon + 1));
  }
}

// Ambient takes inheritable, which no option gives.
void add_capability(const std::string& name, Process& process) {
  if (!process.capabilities) process.capabilities.emplace();
  Capabilities& sets = *process.capabilities;
  sets.bounding.push_back(name);
  sets.effective.push_back(name);
  sets.permitted.push_back(name);
  if (!sets.inheritable.empty()) sets.ambient.push_back(name);
}

}  // namespace

void describe_process(const ExecOptions& options, runtime::spec::Spec& configuration) {
  if (!configuration.process) configuration.process.emplace();
  Process& process = *configuration.process;
  if (options.command.empty()) throw Error("exec: there is no command, and no --process FILE");
  process.args = options.command;
  if (!options.cwd.empty()) process.cwd = options.cwd;
  if (!process.cwd.starts_with('/')) {
    throw Error("--cwd: '" + process.cwd + "' is not an absolute path");
  }
  for (const std::string& variable : options.env) {
    const size_t equals = variable.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error("--env: '" + variable + "' is not NAME=value");
    }
    process.env.push_back(variable);
  }
  process.terminal = options.tty;  // never the configuration's
  if (options.no_new_privileges) process.no_new_privileges = *options.no_new_privileges;
  if (!options.user.empty()) set_user(options.user, process.user);
  for (const std::string& gid : options.additional_gids) {
    process.user.additional_gids.push_back(parse_id("--additional-gids", gid));
  }
  const std::vector<std::string> known = runtime::spec::known_capabilities();
  for (const std::string& name : options.capabilities) {
    if (std::ranges::find(known, name) != known.end()) {
      add_capability(name, process);
    } else {
      configuration.warnings.push_back("--cap: '" + name + "' is not a capability: it is left out");
    }
  }
  if (!options.apparmor.empty()) process.apparmor_profile = options.apparmor;
  if (!options.process_label.empty()) process.selinux_label = options.process_label;
}

void replace_process(const std::string& json, runtime::spec::Spec& configuration) {
  Process process =
      runtime::spec::parse_process_document(json, "process.json", configuration.warnings);
  if (configuration.process) {
    const Process& before = *configuration.process;
    if (!process.capabilities) process.capabilities = before.capabilities;
    if (process.rlimits.empty()) process.rlimits = before.rlimits;
    if (!process.scheduler) process.scheduler = before.scheduler;
    if (!process.io_priority) process.io_priority = before.io_priority;
    if (!process.oom_score_adj) process.oom_score_adj = before.oom_score_adj;
    if (!process.user.umask) process.user.umask = before.user.umask;
    if (process.apparmor_profile.empty()) process.apparmor_profile = before.apparmor_profile;
    if (process.selinux_label.empty()) process.selinux_label = before.selinux_label;
    auto& affinity = process.exec_cpu_affinity;
    if (!affinity.initial && !affinity.final) affinity = before.exec_cpu_affinity;
  }
  configuration.process = std::move(process);
}

}  // namespace berth::launcher
