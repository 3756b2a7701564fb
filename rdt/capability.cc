#include "rdt/capability.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/error.h"
#include "base/file.h"
#include "rdt/schemata.h"

namespace berth::rdt {

namespace {

std::string_view first_line(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

unsigned read_number(int info, const std::string& name) {
  const std::string text = read_file(info, name);
  const std::string_view line = first_line(text);
  unsigned value = 0;
  const char* end = line.data() + line.size();
  const auto [stop, error] = std::from_chars(line.data(), end, value);
  if (error != std::errc() || stop != end) throw Error("read number in info", name, EINVAL);
  return value;
}

// The classes that a resource has; nothing for what info/ holds besides (files, monitors).
std::optional<unsigned> closids_of(int info, const std::string& name) {
  try {
    if (!read_file_if_exists(info, name + "/num_closids")) return std::nullopt;
  } catch (const Error& e) {
    if (e.code() == ENOTDIR) return std::nullopt;
    throw;
  }
  return read_number(info, name + "/num_closids");
}

L3Capability read_l3(int root, int info) {
  L3Capability l3;
  l3.full = WayMask::parse(first_line(read_file(info, "L3/cbm_mask")));
  l3.shareable = WayMask::parse(first_line(read_file(info, "L3/shareable_bits")));
  // AMD says 0, meaning that a group may have no way at all; that is never what a job wants.
  l3.min_ways = std::max(read_number(info, "L3/min_cbm_bits"), 1U);
  l3.num_closids = read_number(info, "L3/num_closids");
  const auto sparse = read_file_if_exists(info, "L3/sparse_masks");
  l3.sparse = sparse && first_line(*sparse) == "1";
  const Schemata schemata = parse_schemata(read_file(root, "schemata"));
  const auto line = schemata.resources.find("L3");
  if (line == schemata.resources.end()) throw Error("find L3 in resctrl's schemata", {}, ENOENT);
  for (const auto& [id, mask] : line->second) l3.domains.push_back(id);
  return l3;
}

MonitorCapability read_monitor(int info) {
  MonitorCapability monitor;
  monitor.num_rmids = read_number(info, "L3_MON/num_rmids");
  const std::string features = read_file(info, "L3_MON/mon_features");
  std::string_view rest = features;
  while (!rest.empty()) {
    const std::string_view line = first_line(rest);
    if (!line.empty()) monitor.events.emplace_back(line);
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return monitor;
}

}  // namespace

Capability read_capability(int root) {
  const UniqueFd info = open_dir(root, "info");
  Capability capability;
  unsigned closids = std::numeric_limits<unsigned>::max();
  for (const std::string& name : list_dir(info.get())) {
    // Every resource with classes counts (L2 too): a group takes one of each.
    closids = std::min(closids, closids_of(info.get(), name).value_or(closids));
    if (name == "L3CODE") capability.cdp = true;
    if (name == "L3") capability.l3 = read_l3(root, info.get());
    if (name == "L3_MON") capability.monitor = read_monitor(info.get());
    if (name == "MB") {
      capability.mb = MbCapability{read_number(info.get(), "MB/min_bandwidth"),
                                   read_number(info.get(), "MB/bandwidth_gran"),
                                   read_number(info.get(), "MB/num_closids")};
    }
  }
  const bool any = closids != std::numeric_limits<unsigned>::max() && closids > 0;
  capability.max_groups = any ? closids - 1 : 0;
  return capability;
}

}  // namespace berth::rdt
