#include <sys/personality.h>

#include "runtime/spec/areas.h"

namespace berth::runtime::spec {

std::optional<unsigned long> parse_personality(const Node& node, Warnings& warnings) {
  // The specification has the property and not one value for it.
  if (const auto flags = node.find("flags"); flags && !flags->elements().empty()) {
    warnings.push_back(flags->path() + ": there are none that this version knows: left out");
  }
  const Node domain = node.at("domain");
  if (domain.string() == "LINUX") return PER_LINUX;
  if (domain.string() != "LINUX32") domain.fail_value("is not one of LINUX, LINUX32");
  return PER_LINUX32;
}

}  // namespace berth::runtime::spec
