#include "launcher/bundle_wish.h"

#include <algorithm>

#include "base/error.h"
#include "rdt/schemata.h"
#include "rdt/way_mask.h"

namespace berth::launcher {
namespace {

rdt::Schemata parsed(const std::vector<std::string>& lines) {
  rdt::Schemata all;
  for (const std::string& line : lines) {
    try {
      for (const auto& [name, values] : rdt::parse_schemata(line).resources) {
        for (const auto& [domain, value] : values) all.resources[name].insert(domain, value);
      }
    } catch (const Error&) {
      continue;  // a wish that nobody can read is none
    }
  }
  return all;
}

unsigned widest(const rdt::Schemata& schemata, const char* resource) {
  unsigned ways = 0;
  const auto line = schemata.resources.find(resource);
  if (line == schemata.resources.end()) return 0;
  for (const auto& [id, mask] : line->second) ways = std::max(ways, rdt::WayMask(mask).count());
  return ways;
}

}  // namespace

RdtOptions options_of(const runtime::spec::IntelRdt& rdt) {
  RdtOptions options;
  const rdt::Schemata schemata = parsed(rdt.lines);
  if (schemata.resources.empty()) {
    // A closID alone names what is there: a class of the policy's.
    if (is_rdt_name(rdt.clos_id)) options.rdt_class = rdt.clos_id;
    return options;
  }
  if (const unsigned ways = widest(schemata, "L3"); ways > 0) {
    options.l3 = std::to_string(ways) + "w";
  } else if (const unsigned code = widest(schemata, "L3CODE"), data = widest(schemata, "L3DATA");
             code > 0 && data > 0) {
    options.l3_code = std::to_string(code) + "w";
    options.l3_data = std::to_string(data) + "w";
  }
  if (const unsigned ways = widest(schemata, "L2"); ways > 0) {
    options.l2 = std::to_string(ways) + "w";
  }
  const auto mb = schemata.resources.find("MB");
  uint64_t most = 0;
  if (mb != schemata.resources.end()) {
    for (const auto& [id, figure] : mb->second) most = std::max(most, figure);
  }
  if (most > 0) options.mbw = std::to_string(most) + (most <= 100 ? "%" : "MiBps");
  return options;
}

}  // namespace berth::launcher
