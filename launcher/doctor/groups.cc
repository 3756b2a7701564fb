// Who has which groups, and whether the kernel holds what the ledger says.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "launcher/doctor/findings.h"
#include "rdt/transition.h"

namespace berth::launcher {
namespace {

using rdt::Cache;
using rdt::WayMask;

constexpr const char* kReap = "berth reap";

bool all_of(std::string_view text, int (*is)(int)) {
  return !text.empty() &&
         std::ranges::all_of(text, [is](char c) { return is(static_cast<unsigned char>(c)) != 0; });
}

// By the names that other programs give.
std::string maker_of(const std::string& name) {
  if (name.starts_with("COS") && all_of(name.substr(3), std::isdigit)) {
    return "pqos's (intel-cmt-cat)";
  }
  if (name.size() == 64 && all_of(name, std::isxdigit)) {
    return "a container's, made by its runtime";
  }
  if (name.starts_with("qemu-")) return "a virtual machine's (libvirt)";
  if (name.starts_with("cri-resmgr.")) return "a class of cri-resource-manager's";
  return "another program's, by its name perhaps a class of containerd's or CRI-O's";
}

// As a word of a shell's.
std::string path_of(const std::string& group, const std::string& file = {}) {
  std::string path = "/sys/fs/resctrl/" + group + file;
  const bool plain = std::ranges::all_of(path, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("/._-+:@").find(c) != std::string_view::npos;
  });
  if (plain) return path;
  std::string quoted = "'";
  for (const char c : path) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

void examine_stranger(const DoctorFacts& facts, const rdt::Foreign& group,
                      std::vector<Finding>& findings) {
  const std::string subject = "group " + group.name;
  if (group.name.starts_with(rdt::kGroupPrefix)) {
    findings.push_back(
        {Level::problem, subject, "bears berth's prefix and is in no ledger", kReap});
    return;
  }
  std::string text = maker_of(group.name) + "; its ways are handed out to nobody";
  const auto mode = facts.modes.find(group.name);
  if (mode != facts.modes.end() && mode->second != "shareable" && !mode->second.empty()) {
    text += fmt::format(", and the kernel keeps all others off them (mode {})", mode->second);
  }
  findings.push_back({Level::note, subject, text,
                      fmt::format("if nobody needs it: rmdir {}", path_of(group.name))});
}

// What a stranger can be left with: the largest run of its ways that are nobody's alone.
WayMask rest_of(WayMask had, WayMask taken) {
  WayMask best;
  for (const WayMask run : had.minus(taken).runs()) {
    if (run.count() > best.count()) best = run;
  }
  return best;
}

void examine_overlap(const DoctorFacts& facts, const rdt::Foreign& group, Cache which,
                     size_t domain, std::vector<Finding>& findings) {
  const rdt::CacheCapability& cache = *facts.node.capability->caches[which];
  const WayMask theirs = group.ways[which][domain];
  for (const rdt::Clos& clos : facts.node.layout.groups) {
    const rdt::Slot& slot = clos.slots[which][domain];
    if (slot.hold != rdt::Hold::exclusive || !slot.ways.intersects(theirs)) continue;
    std::vector<std::string> holders;
    for (const rdt::Member& member : clos.members) holders.push_back(member.purpose);
    const WayMask both = slot.ways & theirs;
    const WayMask rest = rest_of(theirs, rdt::exclusive_in(facts.node.layout, which, domain));
    const bool shrink = rest.count() >= cache.min_ways && !cache.code_data;
    const std::string next =
        shrink ? fmt::format("echo '{}:{}={}' > {}", rdt::name_of(which), cache.domains[domain],
                             rest.to_hex(), path_of(group.name, "/schemata"))
               : fmt::format("rmdir {}", path_of(group.name));
    findings.push_back(
        {Level::problem, "group " + group.name,
         fmt::format("has ways {:#x} of {} {}, which are to be {}'s alone", both.bits(),
                     rdt::name_of(which), cache.domains[domain], fmt::join(holders, ", ")),
         next});
  }
}

void examine_default(const DoctorFacts& facts, Cache which, size_t domain,
                     std::vector<Finding>& findings) {
  const rdt::CacheCapability& cache = *facts.node.capability->caches[which];
  const rdt::Layout& layout = facts.node.layout;
  const WayMask has = facts.node.kernel.default_group.masks[which][domain].all();
  const WayMask due =
      rdt::default_beside_strangers(cache, layout, facts.node.kernel.foreign, which, domain).all();
  if (has == due) return;
  const std::string where = fmt::format("{} {}", rdt::name_of(which), cache.domains[domain]);
  const WayMask taken = has & rdt::exclusive_in(layout, which, domain);
  if (!taken.empty()) {
    findings.push_back(
        {Level::problem, "default group",
         fmt::format("has ways {:#x} of {}, which are to be claims' alone", taken.bits(), where),
         kReap});
  } else if (!layout.groups.empty()) {
    findings.push_back(
        {Level::problem, "default group",
         fmt::format("has ways {:#x} of {}, the ledger says {:#x}", has.bits(), where, due.bits()),
         kReap});
  } else {
    findings.push_back(
        {Level::note, "default group",
         fmt::format("has ways {:#x} of {}, not all: berth hands out of these alone", has.bits(),
                     where),
         fmt::format("if that is not wanted: echo '{}:{}={}' > "
                     "/sys/fs/resctrl/schemata",
                     rdt::name_of(which), cache.domains[domain], cache.full.to_hex())});
  }
}

// Where others' groups, which mkdir may give every way, leave nothing to hand out.
void examine_crowd(const DoctorFacts& facts, Cache which, std::vector<Finding>& findings) {
  const rdt::CacheCapability& cache = *facts.node.capability->caches[which];
  const rdt::Rules rules = facts.policy ? facts.policy->rdt.layout : rdt::Rules();
  std::vector<std::string> where, paths;
  for (size_t domain = 0; domain < cache.domains.size(); ++domain) {
    const WayMask floor = rdt::floor_in(cache, facts.node.layout, which, domain, rules.floor_ways);
    const WayMask io = rules.io_ways ? WayMask() : cache.shareable;
    const WayMask grantable = cache.full.minus(floor | io);
    WayMask theirs;
    for (const rdt::Foreign& group : facts.node.kernel.foreign) {
      theirs = theirs | group.ways[which][domain];
    }
    if (grantable.empty() || !theirs.contains(grantable)) continue;
    where.push_back(std::to_string(cache.domains[domain]));
  }
  if (where.empty()) return;
  for (const rdt::Foreign& group : facts.node.kernel.foreign) paths.push_back(path_of(group.name));
  findings.push_back({Level::problem, std::string(rdt::name_of(which)),
                      fmt::format("groups of other programs have all the ways of {} {}: nothing is "
                                  "left to hand out",
                                  rdt::name_of(which), fmt::join(where, ",")),
                      fmt::format("have them made smaller, or: rmdir {}", fmt::join(paths, " "))});
}

// What would have to be done to the kernel's group for it to be as in the ledger.
void examine_ours(const rdt::Clos& clos, const std::vector<rdt::Step>& steps,
                  std::vector<Finding>& findings) {
  using Kind = rdt::Step::Kind;
  bool gone = false, changed = false, uncounted = false;
  for (const rdt::Step& step : steps) {
    if (step.group != clos.name) continue;
    gone = gone || step.kind == Kind::make;
    changed = changed || step.kind == Kind::write || step.kind == Kind::set_exclusive;
    uncounted = uncounted || step.kind == Kind::make_monitor;
  }
  if (!gone && !changed && !uncounted) return;
  std::vector<std::string> holders;
  for (const rdt::Member& member : clos.members) holders.push_back(member.purpose);
  const char* what = gone      ? "was removed by somebody: its tasks are in the default group"
                     : changed ? "was changed by somebody: it has not what the ledger says"
                               : "lacks a monitor group: somebody removed it";
  findings.push_back({Level::problem, "group " + clos.name,
                      fmt::format("of {}: {}", fmt::join(holders, ", "), what), kReap});
}

}  // namespace

void examine_groups(const DoctorFacts& facts, std::vector<Finding>& findings) {
  const NodeFacts& node = facts.node;
  for (const rdt::Foreign& group : node.kernel.foreign) examine_stranger(facts, group, findings);
  for (const Cache which : rdt::kCaches) {
    if (!node.capability->caches[which]) continue;
    examine_crowd(facts, which, findings);
    for (size_t domain = 0; domain < node.capability->caches[which]->domains.size(); ++domain) {
      for (const rdt::Foreign& group : node.kernel.foreign) {
        examine_overlap(facts, group, which, domain, findings);
      }
      examine_default(facts, which, domain, findings);
    }
  }
  const std::vector<rdt::Step> steps = rdt::transition(*node.capability, node.kernel, node.layout);
  for (const rdt::Clos& clos : node.layout.groups) examine_ours(clos, steps, findings);
}

}  // namespace berth::launcher
