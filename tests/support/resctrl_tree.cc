#include "tests/support/resctrl_tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"

namespace berth::rdt {

namespace {

namespace fs = std::filesystem;

constexpr unsigned kMinBandwidth = 10, kGranularity = 10;

std::string name_of(int directory) {
  return fs::read_symlink("/proc/self/fd/" + std::to_string(directory)).filename();
}

}  // namespace

// In memory where there is such a place, as /run and resctrl are: the ledger is fsynced.
ResctrlTree::ResctrlTree(Options options)
    : options_(std::move(options)),
      path_(fs::is_directory("/dev/shm") ? "/dev/shm/berth-resctrl-XXXXXX"
                                         : "/tmp/berth-resctrl-XXXXXX") {
  if (::mkdtemp(path_.data()) == nullptr) throw Error("mkdtemp", path_, errno);
  fs::create_directory(path_ + "/state");
  for (const char* name : {"L3", "MB", "L3_MON"}) {
    const bool there =
        std::string_view(name) == "L3" ||
        (std::string_view(name) == "MB" ? options_.mb_closids > 0 : options_.monitor);
    if (there) fs::create_directories(path_ + "/resctrl/info/" + name);
  }
  root_ = open_dir(AT_FDCWD, path_ + "/resctrl");
  state_ = open_dir(AT_FDCWD, path_ + "/state");
  write("info/last_cmd_status", "ok\n");
  write("info/L3/cbm_mask", fmt::format("{:x}\n", options_.full));
  write("info/L3/shareable_bits", fmt::format("{:x}\n", options_.shareable));
  write("info/L3/min_cbm_bits", fmt::format("{}\n", options_.min_bits));
  write("info/L3/num_closids", fmt::format("{}\n", options_.l3_closids));
  if (options_.sparse) write("info/L3/sparse_masks", "1\n");
  if (options_.mb_closids > 0) {
    write("info/MB/num_closids", fmt::format("{}\n", options_.mb_closids));
    write("info/MB/min_bandwidth", fmt::format("{}\n", kMinBandwidth));
    write("info/MB/bandwidth_gran", fmt::format("{}\n", kGranularity));
  }
  if (options_.monitor) {
    write("info/L3_MON/num_rmids", "64\n");
    write("info/L3_MON/mon_features", "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n");
    fs::create_directory(path_ + "/resctrl/mon_groups");
    fs::create_directory(path_ + "/resctrl/mon_data");
  }
  Schemata all;
  for (const unsigned id : options_.domains) {
    all.resources["L3"][id] = options_.full;
    if (options_.mb_closids > 0) all.resources["MB"][id] = 100;
  }
  write("schemata", printed(all));
  write("tasks", "");
}

ResctrlTree::~ResctrlTree() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Resctrl ResctrlTree::resctrl() const {
  return Resctrl(duplicate(root_.get()), {[this](int, const char* name) { return make(name); },
                                          [this](int, const char* name) { return remove(name); },
                                          [this](int group, std::string_view lines) {
                                            const std::string name = name_of(group);
                                            return assign(name == "resctrl" ? "" : name, lines);
                                          }});
}

void ResctrlTree::write(const std::string& name, std::string_view content) const {
  write_all(open_file(root_.get(), name, O_WRONLY | O_CREAT | O_TRUNC, 0644).get(), content, name);
}

std::string ResctrlTree::schemata(const std::string& group) const {
  const std::string file = group.empty() ? "schemata" : group + "/schemata";
  return format_schemata(parse_schemata(read_file(root_.get(), file)));
}

void ResctrlTree::add_stranger(const std::string& name, std::string_view lines) const {
  if (make(name) != 0 || assign(name, lines) != 0) throw Error("add group", name, errno);
}

int ResctrlTree::interfered(const std::string& call, const std::string& group) const {
  const int code = interference_ ? interference_(call, group) : 0;
  errno = code;
  return code == 0 ? 0 : -1;
}

void ResctrlTree::fail(const std::string& status) const {
  write("info/last_cmd_status", status + "\n");
}

int ResctrlTree::make(const std::string& name) const {
  if (interfered("make", name) != 0) return -1;
  const unsigned closids = options_.mb_closids == 0
                               ? options_.l3_closids
                               : std::min(options_.l3_closids, options_.mb_closids);
  if (resctrl().group_names().size() + 1 >= closids) {
    fail("Out of CLOSIDs");
    errno = ENOSPC;
    return -1;
  }
  if (::mkdirat(root_.get(), name.c_str(), 0755) != 0) return -1;
  Schemata all;
  for (const unsigned id : options_.domains) {
    all.resources["L3"][id] = options_.full;
    if (options_.mb_closids > 0) all.resources["MB"][id] = 100;
  }
  write(name + "/schemata", printed(all));
  write(name + "/tasks", "");
  return 0;
}

int ResctrlTree::remove(const std::string& name) const {
  if (interfered("remove", name) != 0) return -1;
  for (const char* file : {"/schemata", "/tasks"}) {
    ::unlinkat(root_.get(), (name + file).c_str(), 0);
  }
  return ::unlinkat(root_.get(), name.c_str(), AT_REMOVEDIR);
}

bool ResctrlTree::acceptable(const std::string& resource, unsigned domain, uint64_t value) const {
  if (std::ranges::find(options_.domains, domain) == options_.domains.end()) {
    fail("ok");  // the kernel says nothing about an unknown domain
    return false;
  }
  if (resource == "MB") {
    const bool in_range = value >= kMinBandwidth && value <= 100;
    if (!in_range) fail(fmt::format("MB value {} out of range [10,100]", value));
    return in_range;
  }
  const WayMask mask(value);
  std::string status;
  if (mask.empty() || !WayMask(options_.full).contains(mask)) {
    status = "Mask out of range";
  } else if (!options_.sparse && !mask.contiguous()) {
    status = fmt::format("The mask {} has non-consecutive 1-bits", mask.to_hex());
  } else if (mask.count() < options_.min_bits) {
    status = fmt::format("Need at least {} bits in the mask", options_.min_bits);
  }
  if (!status.empty()) fail(status);
  return status.empty();
}

int ResctrlTree::assign(const std::string& group, std::string_view lines) const {
  if (interfered("assign", group) != 0) return -1;
  write("info/last_cmd_status", "ok\n");
  const std::string file = group.empty() ? "schemata" : group + "/schemata";
  Schemata held = parse_schemata(read_file(root_.get(), file));
  errno = EINVAL;
  if (!lines.ends_with('\n')) return -1;
  for (const auto& [resource, values] : parse_schemata(lines).resources) {
    const auto line = held.resources.find(resource);
    if (line == held.resources.end()) {
      fail(fmt::format("Unknown or unsupported resource name '{}'", resource));
      errno = EINVAL;
      return -1;
    }
    for (const auto& [domain, value] : values) {
      if (!acceptable(resource, domain, value)) {
        errno = EINVAL;
        return -1;
      }
      line->second[domain] =
          resource == "MB" ? (value + kGranularity - 1) / kGranularity * kGranularity : value;
    }
  }
  write(file, printed(held));
  return 0;
}

std::string ResctrlTree::printed(const Schemata& schemata) const {
  if (!options_.padded) return format_schemata(schemata);
  std::string text;
  for (const auto& [resource, values] : schemata.resources) {
    std::vector<std::string> parts;
    for (const auto& [domain, value] : values) {
      parts.push_back(resource == "MB" ? fmt::format("{}={:4}", domain, value)
                                       : fmt::format("{}={:03x}", domain, value));
    }
    text = fmt::format("{:>6}:{}\n", resource, fmt::join(parts, ";")) + text;
  }
  return text;
}

}  // namespace berth::rdt
