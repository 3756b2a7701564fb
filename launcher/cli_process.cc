#include "launcher/cli_process.h"

#include <memory>

#include "launcher/cli_runtime.h"
#include "launcher/log.h"
#include "launcher/verbs/exec.h"
#include "launcher/verbs/features.h"
#include "launcher/verbs/spec.h"
#include "runtime/container/enter.h"

namespace berth::launcher {
namespace {

// Once for each value: the next word may be the container's id.
void add_list(const OptionsOf& verb, const char* name, std::vector<std::string>& values,
              const char* type, const char* text) {
  verb.add_option(name, values, text).allow_extra_args(false).type_name(type);
}

void add_description(const OptionsOf& verb, ExecOptions& o) {
  verb.add_option("-p,--process", o.process_file, "file with a process object, in place of COMMAND")
      .type_name("FILE");
  verb.add_option("--cwd", o.cwd, "working directory").type_name("DIR");
  add_list(verb, "-e,--env", o.env, "NAME=VALUE", "environment variable, added to the container's");
  verb.add_flag("-t,--tty", o.tty, "with a terminal of its own");
  verb.add_option("-u,--user", o.user, "user and group, by number").type_name("UID[:GID]");
  add_list(verb, "-g,--additional-gids", o.additional_gids, "GID", "one more group");
  add_list(verb, "-c,--cap", o.capabilities, "CAP_NAME", "one more capability");
  verb.add_flag_function(
      "--no-new-privs", [&o](int64_t count) { o.no_new_privileges = count > 0; },
      "execve gives no more rights than there are");
  verb.add_option("--process-label", o.process_label, "SELinux label").type_name("LABEL");
  verb.add_option("--apparmor", o.apparmor, "AppArmor profile").type_name("PROFILE");
}

void add_exec(CLI::App& app, const std::vector<int>& descriptors, const MeantOptions& meant,
              const Choose& choose) {
  const auto options = std::make_shared<ExecOptions>();
  options->descriptors = descriptors;
  CLI::App* verb = app.add_subcommand("exec", "run one more process in a container");
  const OptionsOf own(verb, meant);
  add_description(own, *options);
  own.add_flag("-d,--detach", options->detach, "do not wait for it");
  own.add_option("--console-socket", options->console_socket,
                 "unix socket that the terminal's master is sent to")
      .type_name("PATH");
  own.add_option("--pidfd-socket", options->pidfd_socket,
                 "unix socket that a descriptor of the process is sent to")
      .type_name("PATH");
  own.add_option("--pid-file", options->pid_file, "file that its pid is written to")
      .type_name("FILE");
  own.add_option("--preserve-fds", options->preserve_fds, "pass N descriptors on from 3 up")
      .type_name("N");
  add_list(own, "--cgroup", options->cgroups, "[CONTROLLER:]PATH",
           "group below the container's own");
  own.add_flag("--ignore-paused", options->ignore_paused, "also where the container is paused");
  own.add_option("id", options->id, "the container's id").required();
  own.add_option("command", options->command, "program and arguments");
  verb->positionals_at_end();
  choose(verb, [options](const RuntimeOptions& r) {
    try {
      return exec(r, *options);
    } catch (const runtime::EnterFailure& e) {
      log(r, Level::error, e.what());
      return e.set_up() ? kRuntimeVerbFailed : kExecFailed;
    } catch (const std::exception& e) {
      log(r, Level::error, e.what());
      return kExecFailed;
    }
  });
}

void add_spec(CLI::App& app, const Choose& choose) {
  const auto options = std::make_shared<SpecOptions>();
  CLI::App* verb = app.add_subcommand("spec", "write a configuration to begin with");
  verb->add_option("-b,--bundle", options->bundle, "where to (default: this directory)")
      ->type_name("DIR");
  verb->add_option("-f,--file", options->file,
                   "its name, from there; one that is there is written over")
      ->type_name("FILE");
  verb->add_flag("--rootless", options->rootless, "for a container of this user's");
  choose(verb, [options](const RuntimeOptions& r) { return write_spec(r, *options); });
}

void add_features(CLI::App& app, const Choose& choose) {
  CLI::App* verb =
      app.add_subcommand("features", "what this build and this kernel can do, as JSON");
  choose(verb, [](const RuntimeOptions& r) { return features(r); });
}

}  // namespace

void offer_process_verbs(VerbTable& table, CLI::App& app, const std::vector<int>& descriptors,
                         const MeantOptions& meant, const Choose& choose) {
  table.offer("exec",
              [&app, &descriptors, &meant, choose] { add_exec(app, descriptors, meant, choose); });
  table.offer("spec", [&app, choose] { add_spec(app, choose); });
  table.offer("features", [&app, choose] { add_features(app, choose); });
}

}  // namespace berth::launcher
