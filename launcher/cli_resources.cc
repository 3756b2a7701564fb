#include "launcher/cli_resources.h"

#include <memory>

#include "launcher/verbs/resource_verbs.h"

namespace berth::launcher {
namespace {

void add_id(CLI::App* verb, std::string& id) {
  verb->add_option("id", id, "the container's id")->required();
}

void add_pause(CLI::App& app, const Choose& choose) {
  const auto id = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("pause", "stop all processes of a container where they are");
  add_id(verb, *id);
  choose(verb, [id](const RuntimeOptions& r) { return pause(r, *id); });
}

void add_resume(CLI::App& app, const Choose& choose) {
  const auto id = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("resume", "let a paused container's processes go on");
  add_id(verb, *id);
  choose(verb, [id](const RuntimeOptions& r) { return resume(r, *id); });
}

void add_update_options(CLI::App* verb, UpdateOptions& o) {
  const auto add = [verb](const char* name, std::string& value, const char* text) {
    verb->add_option(name, value, text);
  };
  add("-r,--resources", o.resources,
      "file with a linux.resources object, - for standard input; the other options are ignored");
  add("--blkio-weight", o.blkio_weight, "weight of block I/O, 10 to 1000");
  add("--cpu-period", o.cpu_period, "period of the CPU quota, in microseconds");
  add("--cpu-quota", o.cpu_quota, "CPU time in each period, in microseconds; -1: no limit");
  add("--cpu-burst", o.cpu_burst,
      "CPU time beyond the quota that may be saved up, in microseconds");
  add("--cpu-share", o.cpu_share, "CPU shares against other containers");
  add("--cpu-rt-period", o.cpu_rt_period, "real-time period, in microseconds (cgroup v1)");
  add("--cpu-rt-runtime", o.cpu_rt_runtime, "real-time CPU time, in microseconds (cgroup v1)");
  add("--cpuset-cpus", o.cpuset_cpus, "CPUs to run on: 0-3,8");
  add("--cpuset-mems", o.cpuset_mems, "memory nodes to use: 0-1");
  add("--memory", o.memory, "memory limit: 512m; -1: none");
  add("--memory-reservation", o.memory_reservation, "memory that is kept as far as possible");
  add("--memory-swap", o.memory_swap, "limit of memory and swap together; -1: no limit on swap");
  add("--cpu-idle", o.cpu_idle, "1: run only when nothing else wants to; 0: as others");
  add("--pids-limit", o.pids_limit, "limit on processes; -1: none");
  add("--l3-cache-schema", o.l3_cache_schema, "Intel RDT: L3 schema");
  add("--mem-bw-schema", o.mem_bw_schema, "Intel RDT: memory bandwidth schema");
  // Gone from the kernel; still on old callers' command lines.
  for (const char* name : {"--kernel-memory", "--kernel-memory-tcp"}) {
    verb->add_option_function<std::string>(name, [](const std::string&) {})->group("");
  }
}

void add_update(CLI::App& app, const Choose& choose) {
  const auto options = std::make_shared<UpdateOptions>();
  CLI::App* verb = app.add_subcommand("update", "change a container's limits");
  add_update_options(verb, *options);
  add_id(verb, options->id);
  choose(verb, [options](const RuntimeOptions& r) { return update(r, *options); });
}

void add_events(CLI::App& app, const Choose& choose) {
  const auto options = std::make_shared<EventsOptions>();
  CLI::App* verb = app.add_subcommand("events", "a container's figures and OOM kills, as JSON");
  verb->add_option("--interval", options->interval, "time between figures (default: 5s)")
      ->type_name("DURATION");
  verb->add_flag("--stats", options->once, "the figures once, and no more");
  add_id(verb, options->id);
  choose(verb, [options](const RuntimeOptions& r) { return events(r, *options); });
}

// What stands behind the id is for ps(1).
void add_ps(CLI::App& app, const Choose& choose) {
  const auto options = std::make_shared<PsOptions>();
  CLI::App* verb = app.add_subcommand("ps", "a container's processes");
  verb->add_option("-f,--format", options->format, "table or json");
  add_id(verb, options->id);
  verb->prefix_command();
  choose(verb, [options, verb](const RuntimeOptions& r) {
    PsOptions given = *options;
    given.words = verb->remaining();
    return ps(r, given);
  });
}

}  // namespace

void offer_resource_verbs(VerbTable& table, CLI::App& app, const Choose& choose) {
  const auto offer = [&](const char* name, void (*add)(CLI::App&, const Choose&)) {
    table.offer(name, [&app, choose, add] { add(app, choose); });
  };
  offer("pause", add_pause);
  offer("resume", add_resume);
  offer("update", add_update);
  offer("events", add_events);
  offer("ps", add_ps);
}

}  // namespace berth::launcher
