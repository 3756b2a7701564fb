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

unsigned to_number(std::string_view text, const std::string& name) {
  const std::string_view line = first_line(text);
  unsigned value = 0;
  const char* end = line.data() + line.size();
  const auto [stop, error] = std::from_chars(line.data(), end, value);
  if (error != std::errc() || stop != end) throw Error("read number in info", name, EINVAL);
  return value;
}

unsigned read_number(int info, const std::string& name) {
  return to_number(read_file(info, name), name);
}

std::optional<size_t> position(const std::vector<unsigned>& ids, unsigned id) {
  const auto found = std::ranges::lower_bound(ids, id);
  if (found == ids.end() || *found != id) return std::nullopt;
  return static_cast<size_t>(found - ids.begin());
}

// The classes that a resource has; nothing for what info/ holds besides (files, monitors).
std::optional<unsigned> closids_of(int info, const std::string& name) {
  try {
    const auto text = read_file_if_exists(info, name + "/num_closids");
    if (!text) return std::nullopt;
    return to_number(*text, name + "/num_closids");
  } catch (const Error& e) {
    if (e.code() == ENOTDIR) return std::nullopt;
    throw;
  }
}

const DomainValues& line_of(const Schemata& schemata, const std::string& resource) {
  const auto line = schemata.resources.find(resource);
  if (line == schemata.resources.end()) {
    throw Error("find '" + resource + "' in resctrl's schemata", {}, ENOENT);
  }
  return line->second;
}

std::vector<unsigned> ids_of(const DomainValues& values) {
  std::vector<unsigned> ids;
  for (const auto& [id, value] : values) ids.push_back(id);
  return ids;
}

// `resource` is `L3`, or `L3DATA` where code and data are apart.
CacheCapability read_cache(int info, const std::string& resource) {
  CacheCapability cache;
  cache.full = WayMask::parse(first_line(read_file(info, resource + "/cbm_mask")));
  cache.shareable = WayMask::parse(first_line(read_file(info, resource + "/shareable_bits")));
  // AMD says 0, meaning that a group may have no way at all; that is never what a job wants.
  cache.min_ways = std::max(read_number(info, resource + "/min_cbm_bits"), 1U);
  cache.num_closids = read_number(info, resource + "/num_closids");
  const auto sparse = read_file_if_exists(info, resource + "/sparse_masks");
  cache.sparse = sparse && first_line(*sparse) == "1";
  cache.code_data = resource.ends_with("DATA");
  return cache;
}

BandwidthCapability read_bandwidth(int info, const std::string& resource, const Schemata& schemata,
                                   const MountOptions& options) {
  using Unit = BandwidthCapability::Unit;
  BandwidthCapability bandwidth;
  bandwidth.min = read_number(info, resource + "/min_bandwidth");
  bandwidth.granularity = std::max(read_number(info, resource + "/bandwidth_gran"), 1U);
  bandwidth.num_closids = read_number(info, resource + "/num_closids");
  const DomainValues& values = line_of(schemata, resource);
  const auto linear = read_file_if_exists(info, resource + "/delay_linear");
  if (resource == "MB" && options.mba_mbps) {
    bandwidth.unit = Unit::mib;
    bandwidth.unlimited = std::numeric_limits<uint32_t>::max();
  } else if (bandwidth.min == 0 && !(linear && first_line(*linear) == "1")) {
    // AMD: rates, in steps of 1 from 0 up; the largest is told nowhere but by who has no limit.
    bandwidth.unit = Unit::eighth_gb;
    bandwidth.unlimited = 0;
    for (const auto& [id, figure] : values) {
      bandwidth.unlimited = std::max(bandwidth.unlimited, figure);
    }
  }
  return bandwidth;
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

std::string_view name_of(Cache cache) {
  return cache == Cache::l3 ? "L3" : "L2";
}

std::string_view name_of(Throttle throttle) {
  return throttle == Throttle::mb ? "MB" : "SMBA";
}

std::optional<size_t> CacheCapability::index_of(unsigned domain) const {
  return position(domains, domain);
}

std::optional<size_t> BandwidthCapability::index_of(unsigned domain) const {
  return position(domains, domain);
}

Capability read_capability(int root, const MountOptions& options) {
  const UniqueFd info = open_dir(root, "info");
  const Schemata schemata = parse_schemata(read_file(root, "schemata"));
  Capability capability;
  unsigned closids = std::numeric_limits<unsigned>::max();
  for (const std::string& name : list_dir(info.get())) {
    // Every resource with classes counts: a group takes one of each.
    const auto classes = closids_of(info.get(), name);
    if (classes) closids = std::min(closids, *classes);
    for (const Cache cache : kCaches) {
      const std::string plain(name_of(cache));
      if (name == plain || name == plain + "DATA") {
        capability.caches[cache] = read_cache(info.get(), name);
      }
    }
    for (const Throttle throttle : kThrottles) {
      if (name == name_of(throttle)) {
        capability.throttles[throttle] = read_bandwidth(info.get(), name, schemata, options);
      }
    }
    if (name == "L3_MON") capability.monitor = read_monitor(info.get());
  }
  read_domains(capability, schemata);
  const bool any = closids != std::numeric_limits<unsigned>::max() && closids > 0;
  capability.max_groups = any ? closids - 1 : 0;
  return capability;
}

void read_domains(Capability& capability, const Schemata& root) {
  for (const Cache cache : kCaches) {
    auto& of = capability.caches[cache];
    if (!of) continue;
    const std::string name(name_of(cache));
    of->domains = ids_of(line_of(root, of->code_data ? name + "DATA" : name));
  }
  for (const Throttle throttle : kThrottles) {
    auto& of = capability.throttles[throttle];
    if (of) of->domains = ids_of(line_of(root, std::string(name_of(throttle))));
  }
}

}  // namespace berth::rdt
