#include <fcntl.h>

#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "launcher/counters.h"
#include "launcher/known_machine.h"
#include "launcher/metrics.h"
#include "launcher/node_facts.h"
#include "launcher/policy.h"
#include "launcher/verbs/node_verbs.h"
#include "rdt/observe.h"

namespace berth::launcher {
namespace {

// A policy that cannot be read is no reason to tell nothing.
rdt::Rules rules_in_force() {
  try {
    return load_policy(kDefaultPolicyFile, /*required=*/false).rdt.layout;
  } catch (const Error&) {
    return {};
  }
}

std::string metrics(const topology::Machine& machine) {
  const auto claims = Claims::open_if_exists();
  const auto resctrl = rdt::Resctrl::open();
  if (!resctrl) return to_prometheus(node_facts(machine, nullptr, nullptr), {}, 0, {});
  const NodeFacts facts = node_facts(machine, claims ? &*claims : nullptr, &*resctrl);
  return to_prometheus(facts, read_counters(*resctrl, facts.layout), rdt::rmids_in_use(*resctrl),
                       rules_in_force());
}

// Whoever reads the file meanwhile finds the old one or the new one. It is root's collector's to
// read, and no crash's to keep.
void write_metrics(const std::string& file, const std::string& text) {
  if (file == "-") {
    std::fputs(text.c_str(), stdout);
    return;
  }
  const std::filesystem::path path(file);
  if (!path.has_filename()) throw Error("--prometheus=" + file + ": names no file");
  const UniqueFd folder =
      open_dir(AT_FDCWD, path.has_parent_path() ? path.parent_path().string() : ".");
  replace_file(folder.get(), path.filename(), text, 0644, /*through_a_crash=*/false);
}

}  // namespace

int show(const ShowOptions& options) {
  const topology::Machine machine = known_machine();
  if (!options.prometheus.empty()) {
    write_metrics(options.prometheus, metrics(machine));
    return 0;
  }
  const NodeFacts facts = node_facts(machine);
  std::fputs((options.format == Format::json ? to_json(facts) : draw(facts)).c_str(), stdout);
  return 0;
}

}  // namespace berth::launcher
