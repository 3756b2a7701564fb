#include "runtime/systemd/unit_name.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>

#include "base/error.h"
#include "base/json_node.h"

namespace berth::runtime::systemd {
namespace {

constexpr std::string_view kSlice = ".slice";
constexpr std::string_view kRootSlice = "-.slice";
constexpr size_t kLongest = 255;  // UNIT_NAME_MAX of systemd

[[noreturn]] void refuse(std::string_view path, const std::string& why) {
  throw Error("config.json: linux.cgroupsPath: " + in_quotes(path) + ": " + why);
}

bool is_unit_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view(":-_.\\").find(c) != std::string_view::npos;
}

// What a unit's name may not have, as systemd-escape(1) writes it.
std::string escaped(std::string_view id) {
  std::string name;
  for (const char c : id) {
    char code[8];
    std::snprintf(code, sizeof code, "\\x%02x", static_cast<unsigned char>(c));
    name += is_unit_character(c) ? std::string(1, c) : code;
  }
  return name;
}

// No part between the dashes is empty, but in the root's own name.
bool is_slice_name(std::string_view name) {
  if (name == kRootSlice) return true;
  if (!name.ends_with(kSlice) || name.size() > kLongest) return false;
  name.remove_suffix(kSlice.size());
  if (name.empty() || name.starts_with('-') || name.ends_with('-')) return false;
  return name.find("--") == std::string_view::npos && std::ranges::all_of(name, is_unit_character);
}

// systemd puts a '_' before a name that the kernel could take for a control file's.
std::string cgroup_name(const std::string& unit) {
  constexpr auto kControllers = std::to_array<std::string_view>(
      {"cgroup.", "cpu.", "cpuacct.", "cpuset.", "io.", "blkio.", "memory.", "devices.", "pids."});
  const auto clashes = [&](std::string_view start) { return unit.starts_with(start); };
  const bool hidden = unit.starts_with('_') || unit.starts_with('.');
  return hidden || std::ranges::any_of(kControllers, clashes) ? "_" + unit : unit;
}

std::string cgroup_of_slice(const std::string& slice) {
  std::string path;
  if (slice == kRootSlice) return path;
  for (size_t dash = slice.find('-');; dash = slice.find('-', dash + 1)) {
    if (!path.empty()) path += "/";
    if (dash == std::string::npos) return path + cgroup_name(slice);
    path += cgroup_name(slice.substr(0, dash) + std::string(kSlice));
  }
}

}  // namespace

UnitName parse_cgroups_path(std::string_view path, std::string_view id, bool of_user) {
  const std::string default_slice = of_user ? "user.slice" : "system.slice";
  if (path.empty()) return {default_slice, "berth-" + escaped(id) + ".scope"};
  const size_t first = path.find(':');
  const size_t second = first == std::string_view::npos ? first : path.find(':', first + 1);
  if (second == std::string_view::npos || path.find(':', second + 1) != std::string_view::npos) {
    refuse(path, "systemd wants SLICE:PREFIX:NAME, as in 'system.slice:berth:web'");
  }
  UnitName name{std::string(path.substr(0, first)), std::string(path.substr(second + 1))};
  if (name.slice.empty()) name.slice = default_slice;
  if (name.slice == "-") name.slice = kRootSlice;
  if (!is_slice_name(name.slice)) {
    refuse(path, in_quotes(name.slice) +
                     " is not a slice: NAME.slice is, with '-' between the parts of NAME");
  }
  if (name.is_slice()) {
    if (!is_slice_name(name.unit) || name.unit == kRootSlice) {
      refuse(path, in_quotes(name.unit) + " is not a slice that can be made");
    }
    return name;
  }
  const std::string prefix(path.substr(first + 1, second - first - 1));
  if (name.unit.empty()) refuse(path, "NAME is empty");
  name.unit = prefix + "-" + name.unit + ".scope";
  if (name.unit.size() > kLongest || !std::ranges::all_of(name.unit, is_unit_character)) {
    refuse(path, in_quotes(name.unit) +
                     " is not a unit's name: letters, digits and -_.\\ are, at most 255 of them");
  }
  return name;
}

std::string cgroup_of(const UnitName& name) {
  if (name.is_slice()) return cgroup_of_slice(name.unit);
  const std::string slice = cgroup_of_slice(name.slice);
  return slice + (slice.empty() ? "" : "/") + cgroup_name(name.unit);
}

}  // namespace berth::runtime::systemd
