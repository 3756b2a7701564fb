#include "launcher/cli_node.h"

#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "launcher/flag_value.h"
#include "launcher/verbs/node_verbs.h"

namespace berth::launcher {
namespace {

using std::chrono::milliseconds;

const std::map<std::string, Format> kFormats{{"text", Format::text}, {"json", Format::json}};
const std::map<std::string, TopOrder> kOrders{{"bandwidth", TopOrder::bandwidth},
                                              {"occupancy", TopOrder::occupancy},
                                              {"name", TopOrder::name}};

// A bare number is seconds, as with others of this kind.
milliseconds interval_of(const std::string& text) {
  const bool bare = text.find_first_not_of("0123456789.") == std::string::npos;
  const milliseconds interval = parse_duration("--interval", bare ? text + "s" : text);
  if (interval < milliseconds(100) || interval > std::chrono::hours(24)) {
    throw Error("--interval: '" + text + "': allowed is 100ms to 24h");
  }
  return interval;
}

void add_top(CLI::App& app, std::function<int()>& chosen) {
  const auto options = std::make_shared<TopOptions>();
  const auto interval = std::make_shared<std::string>("1s");
  CLI::App* verb =
      app.add_subcommand("top", "occupancy and memory bandwidth of each claim, as they change");
  verb->add_option("--interval", *interval, "time between readings (default: 1s)")
      ->type_name("DURATION");
  verb->add_option("--count", options->count, "end after so many")
      ->check(CLI::Range(uint64_t{1}, uint64_t{UINT32_MAX}))
      ->type_name("N");
  verb->add_option("--sort", options->order, "bandwidth, occupancy or name")
      ->transform(CLI::CheckedTransformer(kOrders))
      ->default_str("bandwidth");
  add_format(*verb, options->format);
  verb->callback([options, interval, &chosen] {
    chosen = [options, interval] {
      options->interval = interval_of(*interval);
      return top(*options);
    };
  });
}

void add_show(CLI::App& app, std::function<int()>& chosen) {
  const auto options = std::make_shared<ShowOptions>();
  CLI::App* verb = app.add_subcommand("show", "who holds which ways of which L3");
  CLI::Option* const format = add_format(*verb, options->format);
  verb->add_option("--prometheus", options->prometheus,
                   "write metrics to this file, for node_exporter; - is standard output")
      ->excludes(format)
      ->type_name("FILE");
  verb->callback([options, &chosen] { chosen = [options] { return show(*options); }; });
}

void add_gres(CLI::App& app, std::function<int()>& chosen) {
  const auto options = std::make_shared<GresOptions>();
  CLI::App* verb = app.add_subcommand(
      "gres", "lines for slurm.conf, gres.conf and job_submit.lua, so that jobs queue for L3");
  verb->add_option("--node", options->node, "the node's name there (default: the host's)")
      ->type_name("NAME");
  add_format(*verb, options->format);
  verb->callback([options, &chosen] { chosen = [options] { return gres(*options); }; });
}

void add_doctor(CLI::App& app, std::function<int()>& chosen) {
  auto format = std::make_shared<Format>(Format::text);
  CLI::App* verb =
      app.add_subcommand("doctor", "what keeps this node from dividing its caches, and what to do");
  add_format(*verb, *format);
  verb->callback([format, &chosen] { chosen = [format] { return doctor(*format); }; });
}

// All words after `cache` are its own, --help too.
void add_bench(CLI::App& app, std::function<int()>& chosen) {
  CLI::App* verb = app.add_subcommand("bench", "measure this node");
  verb->require_subcommand(1);
  CLI::App* cache = verb->add_subcommand(
      "cache", "what ways of its own do for a program: slowdowns, tails, plots; see its --help");
  cache->set_help_flag();
  cache->prefix_command();
  cache->callback([cache, &chosen] {
    const std::vector<std::string> words = cache->remaining();
    chosen = [words] { return bench_cache(words); };
  });
}

}  // namespace

CLI::Option* add_format(CLI::App& verb, Format& format) {
  return verb.add_option("--format", format, "text or json")
      ->transform(CLI::CheckedTransformer(kFormats))
      ->default_str("text");
}

void offer_node_verbs(VerbTable& table, CLI::App& app, std::function<int()>& chosen) {
  const auto offer = [&](const char* name, void (*add)(CLI::App&, std::function<int()>&)) {
    table.offer(name, [&app, &chosen, add] { add(app, chosen); });
  };
  offer("show", add_show);
  offer("top", add_top);
  offer("gres", add_gres);
  offer("doctor", add_doctor);
  offer("bench", add_bench);
}

}  // namespace berth::launcher
