// What `berth bench cache` runs: cache isolation measured on this node, see --help.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/one_line.h"
#include "bench/cache/plots.h"
#include "bench/cache/report.h"
#include "bench/cache/supervised.h"
#include "bench/cache/worker.h"
#include "launcher/flag_value.h"
#include "launcher/known_machine.h"

namespace berth::cache_bench {
namespace {

constexpr const char* kAbout =
    R"(Measures what a part of the L3 of its own does for a program on this node: a victim alone and beside
aggressors, with the cache shared and with ways fenced off by CAT, in processes that are new for each
repetition and in an order by lot. Takes the node's caches for minutes: run it on an idle node, as root.
Where there is no CAT the shared conditions are measured all the same, and a model says what a partition
would do: such figures are called simulated.)";

constexpr const char* kExamples = R"(
Examples:
  berth bench cache --json run.json --plots plots/
      all victims, aggressors and conditions that this node has; about half an hour on 20 cores
  berth bench cache --victim chase --aggressor read --condition alone --condition shared
      what one stream takes from one program
  berth bench cache --from run.json --plots plots/
      the plots again, nothing is measured

Exit status: 0, 125 where it failed, 128+N where signal N ended it.
)";

struct Options {
  std::vector<std::string> victims{"chase", "chains", "triad", "requests"};
  std::vector<std::string> aggressors{"read", "write", "nt-write", "random"};
  std::vector<std::string> conditions;
  std::string working_set, aggressor_bytes, run = "500ms", warm_up = "200ms";
  std::string format = "text", json, plots, from, policy = launcher::kDefaultPolicyFile;
  bool no_curve = false;
  Settings settings;
};

void describe(CLI::App& app, Options& options) {
  app.name("berth bench cache");
  app.footer(kExamples);
  const auto several = [&](const char* name, std::vector<std::string>& to, const char* text) {
    app.add_option(name, to, text)->type_name("NAME");
  };
  several("--victim", options.victims,
          "chase, chains, triad or requests; may be repeated (default: all)");
  several("--aggressor", options.aggressors,
          "read, write, nt-write or random; may be repeated (default: all)");
  several(
      "--condition", options.conditions,
      "alone, alone-at-mask, shared, partitioned, partitioned+mba, other-socket or full-mask; may "
      "be repeated (default: all)");
  app.add_option("--aggressors", options.settings.wanted.counts,
                 "how many at once; may be repeated (default: 1, half of the other cores, all)")
      ->check(CLI::Range(1U, 4096U))
      ->type_name("N");
  app.add_option("--ways", options.settings.ways, "the victim's (default: half of those there are)")
      ->check(CLI::Range(1U, 64U))
      ->type_name("N");
  app.add_option("--working-set", options.working_set,
                 "the victim's (default: three quarters of its ways)")
      ->type_name("SIZE");
  app.add_option("--aggressor-memory", options.aggressor_bytes, "of each (default: twice the L3)")
      ->type_name("SIZE");
  app.add_option("--mbw", options.settings.mbw,
                 "bandwidth of the aggressors in partitioned+mba (default: 20%)")
      ->type_name("AMOUNT");
  app.add_option("--repetitions", options.settings.repetitions,
                 "of each cell, each in processes of its own (default: 10)")
      ->check(CLI::Range(1U, 10000U))
      ->type_name("N");
  app.add_option("--run", options.run, "how long a victim is measured (default: 500ms)")
      ->type_name("DURATION");
  app.add_option("--warm-up", options.warm_up, "before that (default: 200ms)")
      ->type_name("DURATION");
  app.add_option("--seed", options.settings.seed, "of orders and of memory layouts (default: 1)")
      ->type_name("N");
  app.add_flag("--no-curve", options.no_curve,
               "leave out the latency over the working set, and with it all that is simulated");
  app.add_option("--policy", options.policy, "policy file")->type_name("FILE");
  app.add_option("--format", options.format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->default_str("text");
  app.add_option("--json", options.json, "also write the JSON to this file")->type_name("FILE");
  app.add_option("--plots", options.plots,
                 "draw into this directory, SVG and PNG (wants python3-matplotlib)")
      ->type_name("DIR");
  app.add_option("--from", options.from, "take the figures from such a JSON file, measure nothing")
      ->type_name("FILE");
}

uint64_t bytes_of(const char* option, const std::string& text) {
  if (text.empty()) return 0;
  const int64_t bytes = launcher::parse_bytes(option, text);
  if (bytes < int64_t{4096}) {
    throw Error(fmt::format("{}: '{}': allowed is 4096 and more", option, text));
  }
  return static_cast<uint64_t>(bytes);
}

std::chrono::milliseconds time_of(const char* option, const std::string& text) {
  const std::chrono::milliseconds time = launcher::parse_duration(option, text);
  if (time < std::chrono::milliseconds(1) || time > std::chrono::seconds(30)) {
    throw Error(fmt::format("{}: '{}': allowed is 1ms to 30s", option, text));
  }
  return time;
}

// Throws Error where a word is not allowed.
Settings settings_of(const Options& options) {
  Settings settings = options.settings;
  settings.working_set = bytes_of("--working-set", options.working_set);
  settings.aggressor_bytes = bytes_of("--aggressor-memory", options.aggressor_bytes);
  settings.run = time_of("--run", options.run);
  settings.warm_up = time_of("--warm-up", options.warm_up);
  for (const std::string& word : options.victims) {
    settings.wanted.victims.push_back(victim_of("--victim", word));
  }
  for (const std::string& word : options.aggressors) {
    settings.wanted.aggressors.push_back(aggressor_of("--aggressor", word));
  }
  for (const std::string& word : options.conditions) {
    settings.wanted.conditions.push_back(condition_of("--condition", word));
  }
  if (options.conditions.empty()) {
    settings.wanted.conditions.assign(kConditions.begin(), kConditions.end());
  }
  return settings;
}

// A line that is written over, for who looks on.
void tell(const Progress& progress) {
  if (::isatty(STDERR_FILENO) == 0) return;
  constexpr size_t kWidth = 30;
  const size_t filled = progress.all == 0 ? kWidth : kWidth * progress.done / progress.all;
  std::fprintf(stderr, "\r\033[K[%s%s] %zu of %zu  %s%s", std::string(filled, '#').c_str(),
               std::string(kWidth - filled, '.').c_str(), progress.done, progress.all,
               progress.what.c_str(), progress.done == progress.all ? "\r\033[K" : "");
}

Report measure(const Options& options, Settings settings) {
  const topology::Machine machine = launcher::known_machine();
  Report report;
  report.site = survey(machine, topology::CpuSet::of_task(0));
  report.no_evidence_because = no_evidence_because(report.site, settings.repetitions);
  const launcher::Policy policy =
      launcher::load_policy(options.policy, options.policy != launcher::kDefaultPolicyFile);
  std::optional<launcher::Roots> roots;
  if (report.site.root) roots = launcher::Roots::open();
  const Node node{report.site, machine, policy, roots ? &*roots : nullptr};
  if (!options.no_curve) {
    report.curve_repetitions = settings.repetitions;
    CurveSettings curve = curve_for(report.site, settings.repetitions, settings.seed);
    // Its points are many, and each is one number.
    curve.warm_up = settings.warm_up / 4;
    curve.run = std::max(settings.run / 5, std::chrono::milliseconds(1));
    report.curve = measure_curve(node, curve, tell);
    report.cache = whole_cache(report.curve, report.site);
  }
  fill_in(settings, report.site, report.cache ? report.cache->bytes : report.site.l3.bytes);
  report.settings = settings;
  report.experiment = run(node, settings, tell);
  if (options.no_curve) {
    report.change = "--no-curve";
    return report;
  }
  report.change = watch_change(node, settings);
  if (report.cache) {
    report.simulated = simulate(report.site, settings, *report.cache, report.experiment);
  } else {
    report.experiment.left_out.push_back(
        {"simulated", "the latency does not rise with the working set beyond the L2"});
  }
  return report;
}

void write(const std::string& path, const std::string& text) {
  const UniqueFd file = open_file(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  write_all(file.get(), text, path);
}

std::string command_of(int argc, char** argv) {
  std::string command = "berth bench cache";
  for (int i = 1; i < argc; ++i) command += fmt::format(" {}", argv[i]);
  return command;
}

int main_of(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "worker") return work(argv[2]);
  Options options;
  CLI::App app(kAbout);
  describe(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e);
    if (dynamic_cast<const CLI::ExtrasError*>(&e) != nullptr) {
      throw Error(fmt::format("unexpected argument '{}' (see berth bench cache --help)",
                              app.remaining().front()));
    }
    throw Error(fmt::format("{} (see berth bench cache --help)", e.what()));
  }
  if (!options.from.empty()) {
    if (options.plots.empty()) throw Error("--from: --plots says where the plots go");
    draw(options.from, options.plots);
    return 0;
  }
  const Settings settings = settings_of(options);
  // It takes long: what it cannot be written to shall be known before.
  if (!options.json.empty()) write(options.json, "");
  if (!options.plots.empty()) check_drawing(options.plots);
  const auto measure_and_tell = [&] {
    Report report = measure(options, settings);
    report.command = command_of(argc, argv);
    const std::string json = to_json(report);
    std::fputs((options.format == "json" ? json : to_text(report)).c_str(), stdout);
    if (!options.json.empty()) write(options.json, json);
    if (!options.plots.empty()) draw_text(json, options.plots);
    return 0;
  };
  return ::geteuid() == 0 ? supervised(measure_and_tell) : measure_and_tell();
}

}  // namespace
}  // namespace berth::cache_bench

int main(int argc, char** argv) {
  try {
    return berth::cache_bench::main_of(argc, argv);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "berth: %s\n", berth::one_line(e.what()).c_str());
    return 125;
  }
}
