#include "launcher/gres.h"

#include <unistd.h>

#include <array>
#include <cstdio>

#include "base/error.h"
#include "launcher/known_machine.h"
#include "launcher/node_facts.h"
#include "launcher/policy.h"
#include "launcher/verbs/node_verbs.h"

namespace berth::launcher {
namespace {

// As slurmd calls its node unless told otherwise: the host's name to the first dot.
std::string host_name() {
  std::array<char, 256> name{};
  check(::gethostname(name.data(), name.size() - 1), "gethostname");
  const std::string text = name.data();
  return text.substr(0, text.find('.'));
}

}  // namespace

int gres(const GresOptions& options) {
  const Policy policy = load_policy(kDefaultPolicyFile, /*required=*/false);
  const topology::Machine machine = known_machine();
  const GresNode node =
      gres_of(node_facts(machine), policy.rdt.layout, options.node ? *options.node : host_name());
  std::fputs((options.format == Format::json ? to_json(node) : to_text(node)).c_str(), stdout);
  return 0;
}

}  // namespace berth::launcher
