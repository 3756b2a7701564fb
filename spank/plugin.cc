// Slurm's hooks, nothing more: each one guarded line. No exception crosses into Slurm.
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "base/error.h"
#include "base/one_line.h"
#include "spank/hook_time.h"
#include "spank/remote.h"
#include "spank/slurm_api.h"
#include "spank/step.h"
#include "spank/submit.h"

#define BERTH_EXPORT extern "C" __attribute__((visibility("default")))

namespace berth::spank {
namespace {

constexpr int kLauncherFailed = 125;

// Runs a hook's work; -1 and one line to the user where it throws.
template <class Work>
int report(Work work) {
  try {
    work();
    return 0;
  } catch (const std::exception& e) {
    slurm_error("berth: %s", one_line(e.what()).c_str());
    return -1;
  }
}

// In slurmstepd: an error is recorded for task_init, the hook itself succeeds.
template <class Work>
int record(Work work) {
  Step& step = the_step();
  try {
    work(step);
  } catch (const std::exception& e) {
    step.asked = true;
    if (step.error.empty()) step.error = e.what();
  }
  return 0;
}

// SPANK calls back with the number that the option was registered with: its place in the table.
int take_option(int number, const char* value, int) {
  const auto& option = launcher::kRdtOptions.at(static_cast<size_t>(number));
  the_step().options.rdt.*option.text = value == nullptr ? "" : value;
  return 0;
}

int take_flag(int number, const char*, int) {
  the_step().options.rdt.*launcher::kRdtFlags.at(static_cast<size_t>(number)).set = true;
  return 0;
}

void register_option(spank_t spank, const char* name, const char* value, const char* description,
                     size_t number, spank_opt_cb_f callback) {
  std::string usage = "[berth] " + std::string(description);
  spank_option option{const_cast<char*>(name), const_cast<char*>(value), usage.data(),
                      value != nullptr,        static_cast<int>(number), callback};
  if (spank_option_register(spank, &option) != ESPANK_SUCCESS) {
    throw Error(std::string("cannot register option --") + name);
  }
}

void register_options(spank_t spank) {
  for (size_t i = 0; i < launcher::kRdtOptions.size(); ++i) {
    const launcher::RdtOption& option = launcher::kRdtOptions[i];
    register_option(spank, option.name, option.value, option.description, i, take_option);
  }
  for (size_t i = 0; i < launcher::kRdtFlags.size(); ++i) {
    const launcher::RdtFlag& flag = launcher::kRdtFlags[i];
    register_option(spank, flag.name, nullptr, flag.description, i, take_flag);
  }
}

void initialize(spank_t spank, int argc, char** argv) {
  const spank_context_t context = spank_context();
  if (context == S_CTX_SLURMD) {
    (void)parse_settings(argc, argv);
    reap_dead_jobs();
    return;
  }
  if (context == S_CTX_LOCAL || context == S_CTX_ALLOCATOR) begin_submit();
  if (context != S_CTX_JOB_SCRIPT) register_options(spank);
}

}  // namespace
}  // namespace berth::spank

using namespace berth::spank;

// SPANK_PLUGIN of spank.h, with the visibility that everything else here lacks.
extern "C" {
#pragma GCC visibility push(default)
extern const char plugin_name[];
extern const char plugin_type[];
extern const unsigned int plugin_version;
extern const unsigned int spank_plugin_version;
const char plugin_name[] = "spank_berth";
const char plugin_type[] = "spank";
const unsigned int plugin_version = SLURM_VERSION_NUMBER;
const unsigned int spank_plugin_version = 1;
#pragma GCC visibility pop
}

BERTH_EXPORT int slurm_spank_init(spank_t spank, int argc, char** argv) {
  const HookTime time("init", {argc, argv});
  return report([&] { initialize(spank, argc, argv); });
}

BERTH_EXPORT int slurm_spank_init_post_opt(spank_t spank, int argc, char** argv) {
  const HookTime time("init_post_opt", {argc, argv});
  if (spank_context() != S_CTX_REMOTE) {
    // Nothing is allocated yet. Slurm would put two lines of its own below ours.
    if (report([&] { publish_request(the_step().options); }) != 0) std::exit(1);
    return 0;
  }
  return record([&](Step& step) { begin_step(spank, step, argc, argv); });
}

BERTH_EXPORT int slurm_spank_user_init(spank_t, int argc, char** argv) {
  const HookTime time("user_init", {argc, argv});
  return record([](Step& step) { take_user_namespace(step); });
}

BERTH_EXPORT int slurm_spank_task_post_fork(spank_t spank, int argc, char** argv) {
  const HookTime time("task_post_fork", {argc, argv}, spank);
  return record([&](Step& step) { start_task(spank, step); });
}

BERTH_EXPORT int slurm_spank_task_init(spank_t spank, int argc, char** argv) {
  const HookTime time("task_init", {argc, argv}, spank);
  try {
    hand_over(spank, the_step());
    return 0;
  } catch (const std::exception& e) {
    // Not `return -1`: an `optional` plugin's failure is ignored by Slurm, and then the command
    // would run on the host. One task of the node speaks for all.
    int task = 0;
    if (spank_get_item(spank, S_TASK_ID, &task) != ESPANK_SUCCESS || task == 0) {
      slurm_error("berth: %s", berth::one_line(e.what()).c_str());
    }
    ::_exit(kLauncherFailed);
  }
}

BERTH_EXPORT int slurm_spank_task_exit(spank_t spank, int argc, char** argv) {
  const HookTime time("task_exit", {argc, argv}, spank);
  return record([&](Step& step) { end_task(spank, step); });
}

BERTH_EXPORT int slurm_spank_exit(spank_t, int argc, char** argv) {
  const HookTime time("exit", {argc, argv});
  if (spank_context() != S_CTX_REMOTE) return 0;
  return report([] { end_step(the_step()); });
}

BERTH_EXPORT int slurm_spank_job_epilog(spank_t spank, int argc, char** argv) {
  const HookTime time("job_epilog", {argc, argv});
  return report([&] { end_job(spank); });
}
