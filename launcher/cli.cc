#include "launcher/cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/one_line.h"
#include "base/shared_library.h"
#include "launcher/cli_node.h"
#include "launcher/cli_options.h"
#include "launcher/cli_runtime.h"
#include "launcher/cli_words.h"
#include "launcher/verbs/verbs.h"
#include "launcher/version.h"
#include "rdt/amount.h"
#include "runtime/container/enter.h"

namespace berth::launcher {
namespace {

constexpr const char* kExamples = R"(
Examples:
  berth launch -n 4 --l3 50% --bundle /srv/app -- ./solver input.dat
      four tasks in containers of one bundle, half of the L3 of their sockets theirs alone
  berth plan --cores 4-7 --l3 8MiB
      what that would get on this node now, without doing it
  berth show
      who holds which ways of which L3
  berth top
      how much of it they use, and their memory bandwidth, as it changes
  berth policy check
      the policy that is in force, or the one line that is wrong with it

Exit status: 125 berth failed, 126 the program cannot be executed, 127 it is not in the container,
else the program's own, 128+N where signal N ended it.
)";

void add_policy(CLI::App& verb, std::string& file, bool& required) {
  verb.add_option_function<std::string>(
          "--policy",
          [&file, &required](const std::string& value) {
            file = value;
            required = true;
          },
          "policy file (default " + std::string(kDefaultPolicyFile) + ")")
      ->type_name("FILE");
}

// What is said of an --l3 without an amount.
std::string no_amount() {
  try {
    (void)rdt::parse_amount("");
  } catch (const Error& e) {
    return e.message();
  }
  return {};
}

// After `--l3=` CLI11 takes the next word, whatever it is.
std::string reject_option_as_amount(const std::string& text) {
  return text.empty() || text.starts_with("--") ? no_amount() : "";
}

void add_wishes(CLI::App& verb, WishOptions& wish) {
  add_policy(verb, wish.policy, wish.policy_required);
  verb.add_option("--cores", wish.cores, "cores to run on, in hwloc's order: 0-3,8")
      ->type_name("LIST");
  for (const RdtOption& option : kRdtOptions) {
    auto* added =
        verb.add_option(std::string("--") + option.name, wish.rdt.*option.text, option.description);
    added->type_name(option.value);
    if (option.value == std::string_view("AMOUNT")) added->check(reject_option_as_amount);
  }
  for (const RdtFlag& flag : kRdtFlags) {
    verb.add_flag(std::string("--") + flag.name, wish.rdt.*flag.set, flag.description);
  }
  verb.add_option("--memory", wish.memory, "memory limit of each task: 512MiB")->type_name("SIZE");
  verb.add_option("--pids", wish.pids, "limit on the processes of each task")
      ->check(CLI::Range(int64_t{1}, int64_t{INT32_MAX}))
      ->type_name("N");
}

void add_launch(CLI::App& app, std::function<int()>& chosen, const std::vector<int>& descriptors) {
  auto options = std::make_shared<LaunchOptions>();
  CLI::App* verb = app.add_subcommand("launch", "start tasks in containers of one bundle");
  verb->add_option("-n,--tasks", options->tasks, "number of tasks")
      ->check(CLI::Range(1U, 4096U))
      ->type_name("N");
  verb->add_option("-b,--bundle", options->bundle, "OCI bundle (default: this directory)")
      ->type_name("DIR");
  add_wishes(*verb, options->wish);
  verb->add_flag("-l,--label", options->label, "put the task's number before each line of output");
  verb->add_flag("--remove-cgroups", options->remove_cgroups,
                 "at the end also the cgroups that the bundle's runtime.json had made");
  verb->add_option("command", options->command,
                   "program and arguments (default: the bundle's process.args)");
  verb->positionals_at_end();
  verb->callback([options, &chosen, &descriptors] {
    chosen = [options, &descriptors] { return launch(*options, descriptors); };
  });
}

void add_plan(CLI::App& app, std::function<int()>& chosen) {
  auto options = std::make_shared<PlanOptions>();
  CLI::App* verb = app.add_subcommand("plan", "say what a request would get, and do nothing");
  add_wishes(*verb, options->wish);
  verb->add_option("--machine", options->machine,
                   "plan for this hwloc XML file or synthetic description")
      ->type_name("FILE|TEXT");
  verb->add_option("--rdt", options->rdt, "imagine this RDT: ways=20,closids=16,io=c0001,mb=8")
      ->type_name("PARTS");
  // Steps are taken in the order in which they are typed, whichever of the two they are.
  const auto add_step = [&](const char* name, const char* value, const char* text, bool release) {
    verb->add_option_function<std::string>(
            name,
            [options, release](const std::string& step) {
              options->steps.push_back({step, release});
            },
            text)
        ->trigger_on_parse()
        ->type_name(value);
  };
  add_step("--what-if", "REQUEST", "try this after what stands before it: l3=4w,cores=0-3", false);
  add_step("--release", "CLAIM", "the same with a claim that is given back", true);
  add_format(*verb, options->format);
  verb->callback([options, &chosen] { chosen = [options] { return plan(*options); }; });
}

void add_reap(CLI::App& app, std::function<int()>& chosen) {
  app.add_subcommand("reap", "undo what jobs and launches that died left behind")
      ->callback([&chosen] { chosen = [] { return reap(); }; });
}

void add_policy_verb(CLI::App& app, std::function<int()>& chosen) {
  CLI::App* policy_verb = app.add_subcommand("policy", "the admin's policy");
  policy_verb->require_subcommand(1);
  CLI::App* check = policy_verb->add_subcommand("check", "print the policy in force");
  auto file = std::make_shared<std::pair<std::string, bool>>(kDefaultPolicyFile, false);
  add_policy(*check, file->first, file->second);
  check->callback(
      [file, &chosen] { chosen = [file] { return policy_check(file->first, file->second); }; });
}

// Verbs that open no shared library, but where systemd makes the cgroup: those of a container's
// life.
bool stands_alone(const CLI::App& app) {
  constexpr auto kVerbs = std::to_array<std::string_view>(
      {"create", "delete", "exec", "kill", "run", "start", "state"});
  const auto verbs = app.get_subcommands();
  return !verbs.empty() && std::ranges::find(kVerbs, verbs.front()->get_name()) != kVerbs.end();
}

// CLI11's own words, which are meant for several lines and begin with a capital.
std::string told(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> unread = app.remaining(/*recurse=*/true);
  const auto word = std::ranges::find_if(unread, [](const auto& w) { return w != "--"; });
  const bool no_verb = app.get_subcommands().empty();
  if (word != unread.end() && no_verb && !word->starts_with('-')) {
    return "unknown verb '" + *word + "'";
  }
  if (word != unread.end() &&
      (no_verb || dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr)) {
    return "unexpected argument '" + *word + "'";
  }
  std::string text = error.what();
  if (text.starts_with("--l3: 1 required")) return "--l3: " + no_amount();
  if (!text.empty()) {
    text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  }
  return text;
}

// Of what is no verb, help is asked for: CLI11 would answer with the program's.
std::string unknown_topic(const CLI::App& app, const CLI::ParseError& error) {
  if (dynamic_cast<const CLI::CallForHelp*>(&error) == nullptr) return {};
  const std::vector<std::string> unread = app.remaining();
  if (unread.empty() || unread.front().starts_with('-') || !app.get_subcommands().empty()) {
    return {};
  }
  return "unknown verb: No help topic for '" + unread.front() +
         "'";  // callers look for these words
}

// Without the program's name; `help VERB` is `VERB --help`.
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (words.empty() || words.front() != "help") return words;
  words.erase(words.begin());
  words.emplace_back("--help");
  return words;
}

// The words, and the verbs and options that they are read by.
class CommandLine {
 public:
  CommandLine(std::vector<std::string> words, MeantOptions meant,
              const std::vector<int>& descriptors)
      : words_(std::move(words)), meant_(std::move(meant)) {
    app_.name("berth");
    app_.footer(kExamples);
    if (!meant_.may_mean("-h,--help")) app_.set_help_flag();
    if (meant_.may_mean(kVersion)) app_.set_version_flag(kVersion, version_text);
    app_.require_subcommand(1);
    VerbTable verbs;
    verbs.offer("launch", [&] { add_launch(app_, chosen_, descriptors); });
    offer_runtime_verbs(verbs, app_, chosen_, descriptors, meant_);
    verbs.offer("plan", [&] { add_plan(app_, chosen_); });
    offer_node_verbs(verbs, app_, chosen_);
    verbs.offer("reap", [&] { add_reap(app_, chosen_); });
    verbs.offer("policy", [&] { add_policy_verb(app_, chosen_); });
    verbs.describe(words_);
  }
  ~CommandLine() = default;
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // Throws CLI::ParseError, also where help is asked for.
  void parse() {
    std::vector<std::string> words = with_two_dashes(words_, app_);
    std::ranges::reverse(words);  // as CLI11 takes them
    app_.parse(std::move(words));
  }
  bool is_right() {
    try {
      parse();
      return true;
    } catch (const CLI::ParseError&) {
      return false;
    }
  }

  int act() const {
    if (!stands_alone(app_)) want_shared_libraries();
    return chosen_();
  }

  int tell(const CLI::ParseError& error) const {
    const std::string topic = unknown_topic(app_, error);
    if (error.get_exit_code() == 0 && topic.empty()) return app_.exit(error);  // --help, --version
    const std::string text = (topic.empty() ? told(app_, error) : topic) + " (see berth --help)";
    if (is_for_runtime(app_)) {
      log_usage_error(app_, text);
      return kRuntimeVerbFailed;
    }
    std::fprintf(stderr, "berth: %s\n", one_line(text).c_str());
    return runtime::kExitBerthFailed;
  }

 private:
  static constexpr const char* kVersion = "-v,-V,--version";
  std::vector<std::string> words_;
  MeantOptions meant_;
  CLI::App app_{"berth: cores, memory and last-level cache for jobs; each task an OCI container"};
  std::function<int()> chosen_;
};

}  // namespace

int command_line(int argc, char** argv, const std::vector<int>& descriptors) {
  const std::vector<std::string> words = words_of(argc, argv);
  {
    CommandLine meant(words, MeantOptions(words), descriptors);
    if (meant.is_right()) return meant.act();
  }
  // With all that there is: what is wrong, or what has to be told, can be said now.
  CommandLine whole(words, MeantOptions::all(), descriptors);
  try {
    whole.parse();
  } catch (const CLI::ParseError& e) {
    return whole.tell(e);
  }
  return whole.act();
}

}  // namespace berth::launcher
