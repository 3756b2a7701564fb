#include "runtime/rootfs/id_mapping.h"

#include <charconv>
#include <optional>

#include "base/error.h"
#include "runtime/process/id_map.h"

namespace berth::runtime::rootfs {
namespace {

// The part before the separator; `text` is what comes behind it.
std::string_view take(std::string_view& text, char separator) {
  const size_t end = text.find(separator);
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

std::optional<uint32_t> number(std::string_view text) {
  uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

IdRange parse_range(std::string_view text) {
  const std::string whole(text);
  IdRange range;
  range.of_container = text.starts_with('@');
  if (range.of_container) text.remove_prefix(1);
  const auto first = number(take(text, '-')), host = number(take(text, '-')), size = number(text);
  if (!first || !host || !size || *size == 0) {
    throw Error("id range '" + whole + "' is not of the form FILE-HOST-SIZE");
  }
  range.mapping = {.container_id = *first, .host_id = *host, .size = *size};
  return range;
}

std::vector<spec::IdMapping> with_host_ids(const std::vector<IdRange>& ranges,
                                           const std::vector<spec::IdMapping>& container) {
  std::vector<spec::IdMapping> map;
  for (const IdRange& range : ranges) {
    spec::IdMapping mapping = range.mapping;
    if (range.of_container) {
      const auto host = process::host_id(container, mapping.host_id);
      if (!host) {
        throw Error("id range '@': the container has no id " + std::to_string(mapping.host_id));
      }
      mapping.host_id = *host;
    }
    map.push_back(mapping);
  }
  return map;
}

}  // namespace

IdMapOption parse_id_ranges(std::string_view text) {
  IdMapOption option;
  while (!text.empty()) {
    std::string_view part = take(text, ';');
    const std::string_view kind = take(part, '=');
    if (kind != "uids" && kind != "gids") {
      throw Error("'" + std::string(kind) + "' is neither 'uids' nor 'gids'");
    }
    auto& ranges = kind == "uids" ? option.uids : option.gids;
    while (!part.empty()) ranges.push_back(parse_range(take(part, '#')));
  }
  if (option.uids.empty() || option.gids.empty()) throw Error("needs both uids and gids");
  return option;
}

MountIdMap id_map_of(const spec::Mount& mount, const IdMapOption& option, const spec::Spec& spec) {
  const spec::Linux& container = spec.linux_;
  MountIdMap map;
  map.recursive = option.recursive;
  if (!mount.uid_mappings.empty()) {
    if (!option.uids.empty()) {
      throw Error("has both uidMappings and a mapping in the option 'idmap'");
    }
    map.uids = mount.uid_mappings;
    map.gids = mount.gid_mappings;
  } else if (!option.uids.empty()) {
    map.uids = with_host_ids(option.uids, container.uid_mappings);
    map.gids = with_host_ids(option.gids, container.gid_mappings);
  } else if (const spec::Namespace* user = spec.find_namespace(spec::NamespaceType::user);
             user != nullptr && !user->path.empty()) {
    map.user_namespace = user->path;
  } else if (!container.uid_mappings.empty() && !container.gid_mappings.empty()) {
    map.uids = container.uid_mappings;
    map.gids = container.gid_mappings;
  } else {
    throw Error(
        "option 'idmap' needs uidMappings and gidMappings, of the mount or of the container");
  }
  return map;
}

}  // namespace berth::runtime::rootfs
