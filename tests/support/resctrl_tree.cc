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
constexpr uint64_t kAmdUnlimited = 2048;

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
  fs::create_directories(path_ + "/resctrl/info");
  root_ = open_dir(AT_FDCWD, path_ + "/resctrl");
  state_ = open_dir(AT_FDCWD, path_ + "/state");
  write("info/last_cmd_status", "ok\n");
  for (const char* half : {"CODE", "DATA"}) {
    if (options_.cdp) {
      describe_cache(std::string("L3") + half, options_.full, options_.shareable);
    }
  }
  if (!options_.cdp) describe_cache("L3", options_.full, options_.shareable);
  if (options_.l2_full != 0) describe_cache("L2", options_.l2_full, 0);
  if (options_.mb_closids > 0) describe_bandwidth();
  if (options_.monitor) {
    fs::create_directory(path_ + "/resctrl/info/L3_MON");
    write("info/L3_MON/num_rmids", "64\n");
    write("info/L3_MON/mon_features", "llc_occupancy\nmbm_total_bytes\nmbm_local_bytes\n");
  }
  furnish("");
}

void ResctrlTree::describe_cache(const std::string& resource, uint64_t full,
                                 uint64_t shareable) const {
  const std::string info = "info/" + resource;
  fs::create_directory(path_ + "/resctrl/" + info);
  write(info + "/cbm_mask", fmt::format("{:x}\n", full));
  write(info + "/shareable_bits", fmt::format("{:x}\n", shareable));
  write(info + "/min_cbm_bits", fmt::format("{}\n", options_.min_bits));
  write(info + "/num_closids", fmt::format("{}\n", options_.l3_closids));
  if (options_.sparse) write(info + "/sparse_masks", "1\n");
}

void ResctrlTree::describe_bandwidth() const {
  fs::create_directory(path_ + "/resctrl/info/MB");
  write("info/MB/num_closids", fmt::format("{}\n", options_.mb_closids));
  write("info/MB/min_bandwidth", fmt::format("{}\n", options_.amd ? 0 : kMinBandwidth));
  write("info/MB/bandwidth_gran", fmt::format("{}\n", options_.amd ? 1 : kGranularity));
  write("info/MB/delay_linear", options_.amd ? "0\n" : "1\n");
}

uint64_t ResctrlTree::unlimited() const {
  if (options_.mba_mbps) return UINT32_MAX;
  return options_.amd ? kAmdUnlimited : 100;
}

Schemata ResctrlTree::initial() const {
  Schemata all;
  for (const unsigned id : options_.domains) {
    if (options_.cdp) {
      all.resources["L3CODE"][id] = all.resources["L3DATA"][id] = options_.full;
    } else {
      all.resources["L3"][id] = options_.full;
    }
    if (options_.mb_closids > 0) all.resources["MB"][id] = unlimited();
  }
  if (options_.l2_full == 0) return all;
  for (const unsigned id : options_.l2_domains) all.resources["L2"][id] = options_.l2_full;
  return all;
}

void ResctrlTree::furnish(const std::string& prefix) const {
  write(prefix + "schemata", printed(initial()));
  write(prefix + "tasks", "");
  write(prefix + "mode", "shareable\n");
  if (!options_.monitor) return;
  fs::create_directory(path_ + "/resctrl/" + prefix + "mon_groups");
  fs::create_directory(path_ + "/resctrl/" + prefix + "mon_data");
}

ResctrlTree::~ResctrlTree() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

Resctrl ResctrlTree::resctrl() const {
  return Resctrl(duplicate(root_.get()),
                 {[this](int, const char* name) { return make(name); },
                  [this](int, const char* name) { return remove(name); },
                  [this](int group, std::string_view lines) {
                    const std::string name = name_of(group);
                    return assign(name == "resctrl" ? "" : name, lines);
                  }},
                 {.mba_mbps = options_.mba_mbps, .text = options_.cdp ? "rw,cdp" : "rw"});
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
  // By path, so that a filter for mkdirat(2) meets monitor groups alone.
  if (::mkdir((path_ + "/resctrl/" + name).c_str(), 0755) != 0) return -1;
  furnish(name + "/");
  return 0;
}

int ResctrlTree::remove(const std::string& name) const {
  if (interfered("remove", name) != 0) return -1;
  std::error_code error;
  const auto removed = fs::remove_all(path_ + "/resctrl/" + name, error);
  errno = error ? error.value() : ENOENT;
  return error || removed == 0 ? -1 : 0;
}

bool ResctrlTree::acceptable(const std::string& resource, unsigned domain, uint64_t value) const {
  const std::vector<unsigned>& known = resource == "L2" ? options_.l2_domains : options_.domains;
  if (std::ranges::find(known, domain) == known.end()) {
    fail("ok");  // the kernel says nothing about an unknown domain
    return false;
  }
  if (resource == "MB") {
    const uint64_t least = options_.amd ? 0 : kMinBandwidth;
    const bool in_range = value >= least && value <= unlimited();
    if (!in_range) fail(fmt::format("MB value {} out of range [{},{}]", value, least, unlimited()));
    return in_range;
  }
  const WayMask mask(value);
  std::string status;
  const WayMask full(resource == "L2" ? options_.l2_full : options_.full);
  if (mask.empty() || !full.contains(mask)) {
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
      const uint64_t step = resource == "MB" && unlimited() == 100 ? kGranularity : 1;
      line->second[domain] = (value + step - 1) / step * step;
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
