// linux.intelRdt: a resctrl group for the container.
#include <sstream>

#include "runtime/spec/areas.h"

namespace berth::runtime::spec {
namespace {

// The group's name, one level below resctrl's root and none of those that are resctrl's own; `/` is
// that root's own group.
std::string group_of(const Node& node) {
  std::string id = node.string();
  const bool of_resctrl = id == "info" || id == "mon_groups" || id == "mon_data";
  const bool outside = id.starts_with('.') || id.find_first_of("/\n") != std::string::npos;
  if (id != "/" && (outside || of_resctrl)) {
    node.fail_value("is not the name of a resctrl group, nor '/'");
  }
  return id;
}

std::string one_line_of(const Node& node) {
  std::string line = node.string();
  if (line.find('\n') != std::string::npos) node.fail_value("is more than one line");
  return line;
}

}  // namespace

IntelRdt parse_intel_rdt(const Node& node) {
  IntelRdt rdt;
  if (const auto id = node.find("closID")) rdt.clos_id = group_of(*id);
  std::string bandwidth;
  if (const auto schema = node.find("memBwSchema")) {
    bandwidth = one_line_of(*schema);
    if (!bandwidth.empty() && !bandwidth.starts_with("MB:"))
      schema->fail_value("does not start with 'MB:'");
  }
  // Some write several lines here, which the specification discourages alone. Up to 1.2 it said
  // that of bandwidth memBwSchema has the only word.
  std::istringstream cache(node.string_or("l3CacheSchema", ""));
  for (std::string line; std::getline(cache, line);) {
    const bool other = !bandwidth.empty() && line.starts_with("MB:");
    if (!line.empty() && !other) rdt.lines.push_back(line);
  }
  if (!bandwidth.empty()) rdt.lines.push_back(bandwidth);
  if (const auto schemata = node.find("schemata")) {
    for (const Node& line : schemata->elements()) rdt.lines.push_back(one_line_of(line));
  }
  rdt.enable_monitoring = node.boolean_or("enableMonitoring", false);
  return rdt;
}

}  // namespace berth::runtime::spec
