#include "launcher/cli_runtime.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <memory>

#include "base/error.h"
#include "base/shared_library.h"
#include "base/step_times.h"
#include "launcher/cli_checkpoint.h"
#include "launcher/cli_process.h"
#include "launcher/cli_resources.h"
#include "launcher/log.h"
#include "launcher/verbs/runtime_verbs.h"
#include "runtime/process/user_namespace.h"
#include "runtime/state/state.h"

namespace berth::launcher {
namespace {

std::string default_root() {
  return runtime::StateRoot::default_path(::geteuid() == 0 &&
                                          runtime::process::in_initial_user_namespace());
}

// Prints them at a verb's end, whatever end that is.
class TimedSteps {
 public:
  explicit TimedSteps(bool wanted) : wanted_(wanted) {
    if (wanted_) begin_step_times();
  }
  ~TimedSteps() {
    if (!wanted_) return;
    step_done("all taken back");
    std::fputs(step_time_lines().c_str(), stderr);
  }
  TimedSteps(const TimedSteps&) = delete;
  TimedSteps& operator=(const TimedSteps&) = delete;

 private:
  bool wanted_;
};

// What each verb's function is told; the options before the verb are known when it is called.
struct Setting {
  CLI::App& app;
  std::function<int()>& chosen;
  std::shared_ptr<RuntimeOptions> runtime;
  const std::vector<int>& descriptors;
  const MeantOptions& meant;

  OptionsOf options_of(CLI::App* verb) const { return {verb, meant}; }

  // As choose, for what makes a container.
  template <class Work>
  void choose_creation(CLI::App* verb, const Work& work) const {
    choose(verb, [work](const RuntimeOptions& r) {
      if (r.cgroup_manager == runtime::CgroupManager::systemd) want_shared_libraries();
      return work(r);
    });
  }

  // `work` is the verb; its errors are logged.
  template <class Work>
  void choose(CLI::App* verb, const Work& work) const {
    verb->callback([chosen_verb = &chosen, runtime = runtime, work] {
      *chosen_verb = [runtime, work] {
        runtime->root_given = !runtime->root.empty();
        if (!runtime->root_given) runtime->root = default_root();
        if (!make_log(*runtime)) return kRuntimeVerbFailed;
        log_traces(*runtime);
        try {
          const TimedSteps times(runtime->trace_time);
          return work(*runtime);
        } catch (const std::exception& e) {
          log(*runtime, Level::error, e.what());
          return kRuntimeVerbFailed;
        }
      };
    });
  }
};

// Of several the last counts.
void add_cgroup_manager(const OptionsOf& app, runtime::CgroupManager& manager) {
  using runtime::CgroupManager;
  app.add_flag_function(
      "--systemd-cgroup",
      [&manager](int64_t count) {
        if (count > 0) manager = CgroupManager::systemd;  // `=false` is what callers of Go's write
      },
      "systemd makes the cgroup: --cgroup-manager systemd");
  app.add_option_function<std::string>(
         "--cgroup-manager",
         [&manager](const std::string& name) {
           manager = name == "systemd"    ? CgroupManager::systemd
                     : name == "disabled" ? CgroupManager::disabled
                                          : CgroupManager::cgroupfs;
         },
         "who makes the cgroup: cgroupfs (berth itself), systemd, or disabled (none is made)")
      .one_of({"cgroupfs", "systemd", "disabled"});
}

void add_log_level(const OptionsOf& app, Level& level) {
  app.add_option_function<std::string>(
         "--log-level",
         [&level](const std::string& word) {
           for (const Level one : {Level::debug, Level::info, Level::warning, Level::error}) {
             if (word == name_of(one)) level = one;
           }
         },
         "the least that is told: debug, info, warning (the default) or error")
      .one_of({"debug", "info", "warning", "error"});
  // Behind the option: of both it counts.
  app.add_flag_function(
      "--debug",
      [&level](int64_t count) {
        if (count > 0) level = Level::debug;
      },
      "--log-level debug");
}

void add_global_options(const OptionsOf& app, RuntimeOptions& runtime) {
  app.add_option("--root", runtime.root, "where the containers' states are kept").type_name("DIR");
  app.add_option("--log", runtime.log,
                 "where errors are written to as well: [file:]PATH, journald:ID, syslog:ID")
      .type_name("FILE");
  app.add_option_function<std::string>(
         "--log-format",
         [&runtime](const std::string& format) { runtime.log_json = format == "json"; },
         "text or json")
      .one_of({"text", "json"});
  add_log_level(app, runtime.level);
  app.add_flag(
      "--trace-time", runtime.trace_time,
      "tell on standard error how long each step took; indented: of the container's process");
  app.add_option("--criu", runtime.criu,
                 "the program that checkpoint and restore run (default: criu, from PATH)")
      .type_name("PATH");
  app.add_option_function<std::string>(
         "--rootless",
         [&runtime](const std::string& word) {
           if (word == "true") runtime.rootless = runtime::Rootless::yes;
           if (word == "false") runtime.rootless = runtime::Rootless::no;
         },
         "true: do without a cgroup that may not be made; auto: where the caller is not root")
      .one_of({"true", "false", "auto"});
  add_cgroup_manager(app, runtime.cgroup_manager);
}

void add_id(const OptionsOf& verb, std::string& id) {
  verb.add_option("id", id, "the container's id").required();
}

constexpr const char* kRemoveCgroups = "also the cgroups that the bundle's runtime.json had made";

void add_creation(const OptionsOf& verb, const Setting& setting, CreateOptions* options) {
  runtime::CreateRequest* const request = &options->request;
  request->descriptors = setting.descriptors;
  verb.add_option("-b,--bundle", request->bundle, "OCI bundle (default: this directory)")
      .type_name("DIR");
  verb.add_option("-f,--config", request->config_file, "configuration, not the bundle's own")
      .type_name("FILE");
  verb.add_option("--console-socket", request->console_socket,
                  "unix socket that the terminal's master is sent to")
      .type_name("PATH");
  verb.add_option("--pidfd-socket", options->pidfd_socket,
                  "unix socket that a descriptor of the process is sent to")
      .type_name("PATH");
  verb.add_option("--pid-file", request->pid_file, "file that the process' pid is written to")
      .type_name("FILE");
  verb.add_option("--preserve-fds", request->preserve_fds, "pass N descriptors on from 3 up")
      .type_name("N");
  verb.add_flag_function(
      "--no-pivot", [](int64_t) {}, "accepted: where the root cannot be exchanged it is covered");
  verb.add_flag("!--no-new-keyring", request->new_keyring,
                "keep the session keyring that this process has");
  verb.add_flag_function(
      "--no-subreaper", [](int64_t) {}, "accepted: berth is none");
  add_id(verb, request->id);
}

void add_create(const Setting& setting) {
  CLI::App* verb = setting.app.add_subcommand("create", "make a container that waits for start");
  const OptionsOf own = setting.options_of(verb);
  const auto options = std::make_shared<CreateOptions>();
  add_creation(own, setting, options.get());
  setting.choose_creation(verb, [options](const RuntimeOptions& r) { return create(r, *options); });
}

void add_run(const Setting& setting) {
  CLI::App* verb =
      setting.app.add_subcommand("run", "run one container from a bundle and wait for it");
  const OptionsOf own = setting.options_of(verb);
  const auto options = std::make_shared<RunOptions>();
  add_creation(own, setting, &options->create);
  options->create.request.detached = false;
  own.add_flag("-d,--detach", options->create.request.detached, "do not wait for it");
  own.add_flag("--keep", options->keep, "leave its state behind when it ends");
  own.add_flag("--remove-cgroups", options->remove_cgroups, kRemoveCgroups);
  setting.choose_creation(verb, [options](const RuntimeOptions& r) { return run(r, *options); });
}

void add_start(const Setting& setting) {
  CLI::App* verb = setting.app.add_subcommand("start", "let a created container run");
  const OptionsOf own = setting.options_of(verb);
  const auto id = std::make_shared<std::string>();
  add_id(own, *id);
  setting.choose(verb, [id](const RuntimeOptions& r) { return start(r, *id); });
}

void add_state(const Setting& setting) {
  CLI::App* verb = setting.app.add_subcommand("state", "print a container's state as JSON");
  const OptionsOf own = setting.options_of(verb);
  const auto id = std::make_shared<std::string>();
  add_id(own, *id);
  setting.choose(verb, [id](const RuntimeOptions& r) { return state(r, *id); });
}

void add_kill(const Setting& setting) {
  CLI::App* verb = setting.app.add_subcommand("kill", "send a container a signal");
  const OptionsOf own = setting.options_of(verb);
  const auto options = std::make_shared<KillOptions>();
  own.add_flag("-a,--all", options->all, "to each of its processes");
  own.add_flag("-r,--regex", options->regex, "the id is a pattern: to all that it matches");
  add_id(own, options->id);
  own.add_option("signal", options->signal, "name or number (default: SIGTERM)");
  setting.choose(verb, [options](const RuntimeOptions& r) { return kill(r, *options); });
}

void add_delete(const Setting& setting) {
  CLI::App* verb = setting.app.add_subcommand("delete", "remove what is left of a container");
  const OptionsOf own = setting.options_of(verb);
  const auto options = std::make_shared<DeleteOptions>();
  own.add_flag("-f,--force", options->force, "also where it lives; nothing where there is none");
  own.add_flag("-r,--regex", options->regex, "the id is a pattern: all that it matches");
  own.add_flag("--remove-cgroups", options->remove_cgroups, kRemoveCgroups);
  add_id(own, options->id);
  setting.choose(verb, [options](const RuntimeOptions& r) { return remove(r, *options); });
}

void add_list(const Setting& setting) {
  CLI::App* verb = setting.app.add_subcommand("list", "the containers of --root");
  const OptionsOf own = setting.options_of(verb);
  const auto options = std::make_shared<ListOptions>();
  own.add_option_function<std::string>(
         "-f,--format", [options](const std::string& format) { options->json = format == "json"; },
         "table or json")
      .one_of({"table", "json"});
  own.add_flag("-q,--quiet", options->quiet, "their ids alone");
  setting.choose(verb, [options](const RuntimeOptions& r) { return list(r, *options); });
}

constexpr std::array kOwnVerbs{"launch", "plan", "show", "reap", "policy"};

// As it stands on the command line, which was perhaps not read to its end.
std::string given(const CLI::App& app, const char* option) {
  const auto values = app.get_option(option)->results();
  return values.empty() ? "" : values.back();
}

}  // namespace

void offer_runtime_verbs(VerbTable& table, CLI::App& app, std::function<int()>& chosen,
                         const std::vector<int>& descriptors, const MeantOptions& meant) {
  const Setting setting{app, chosen, std::make_shared<RuntimeOptions>(), descriptors, meant};
  add_global_options(setting.options_of(&app), *setting.runtime);
  const auto offer = [&](const char* name, void (*add)(const Setting&)) {
    table.offer(name, [setting, add] { add(setting); });
  };
  offer("create", add_create);
  offer("run", add_run);
  offer("start", add_start);
  offer("state", add_state);
  offer("kill", add_kill);
  offer("delete", add_delete);
  offer("list", add_list);
  const auto choose = [setting](CLI::App* verb, const RuntimeWork& work) {
    setting.choose(verb, work);
  };
  offer_resource_verbs(table, app, choose);
  offer_process_verbs(table, app, descriptors, meant, choose);
  offer_checkpoint_verbs(table, app, choose);
}

bool is_for_runtime(const CLI::App& app) {
  const auto verbs = app.get_subcommands();  // those that were given
  if (!verbs.empty()) return std::ranges::count(kOwnVerbs, verbs.front()->get_name()) == 0;
  const auto options = app.get_options([](const CLI::Option* option) {
    return option->count() > 0 && option->get_name() != "--help";
  });
  return !options.empty();
}

void log_usage_error(const CLI::App& app, const std::string& message) {
  RuntimeOptions runtime;
  runtime.log = given(app, "--log");
  runtime.log_json = given(app, "--log-format") == "json";
  log(runtime, Level::error, message);
}

}  // namespace berth::launcher
