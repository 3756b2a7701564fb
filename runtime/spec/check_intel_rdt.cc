// linux.intelRdt: a resctrl group for the container.
#include "runtime/spec/areas.h"

namespace berth::runtime::spec {
namespace {

// The group's name, one level below resctrl's root and none of those that are resctrl's own; `/` is
// that root's own group.
void check_group(const Node& node) {
  const std::string id = node.string();
  const bool of_resctrl = id == "info" || id == "mon_groups" || id == "mon_data";
  const bool outside = id.starts_with('.') || id.find_first_of("/\n") != std::string::npos;
  if (id != "/" && (outside || of_resctrl)) {
    node.fail_value("is not the name of a resctrl group, nor '/'");
  }
}

std::string one_line_of(const Node& node) {
  std::string line = node.string();
  if (line.find('\n') != std::string::npos) node.fail_value("is more than one line");
  return line;
}

}  // namespace

void check_intel_rdt(const Node& node, Warnings& warnings) {
  if (const auto id = node.find("closID")) check_group(*id);
  // Some write several lines here (MB: too), which the specification discourages alone.
  (void)node.string_or("l3CacheSchema", "");
  if (const auto schema = node.find("memBwSchema")) {
    const std::string line = one_line_of(*schema);
    if (!line.empty() && !line.starts_with("MB:")) schema->fail_value("does not start with 'MB:'");
  }
  if (const auto schemata = node.find("schemata")) {
    for (const Node& line : schemata->elements()) (void)one_line_of(line);
  }
  (void)node.boolean_or("enableMonitoring", false);
  warnings.push_back(node.path() + ": left out: this version makes no group for a container");
}

}  // namespace berth::runtime::spec
