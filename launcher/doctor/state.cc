// The state directory, and the claims in it.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>

#include "launcher/doctor/findings.h"

namespace berth::launcher {
namespace {

constexpr const char* kReap = "berth reap";

void examine_directory(const DoctorFacts& facts, std::vector<Finding>& findings) {
  if (!facts.state_dir) {
    findings.push_back(
        {Level::ok, "state", fmt::format("no {} yet: the first claim makes it", kStateDir), {}});
    return;
  }
  const StateDirFacts& dir = *facts.state_dir;
  if (!S_ISDIR(dir.mode)) {
    findings.push_back({Level::problem, "state", fmt::format("{} is no directory", kStateDir),
                        fmt::format("rm {}", kStateDir)});
  } else if (dir.owner != 0) {
    findings.push_back(
        {Level::problem, "state",
         fmt::format("{} belongs to user {}, who may say who holds what", kStateDir, dir.owner),
         fmt::format("chown root:root {}", kStateDir)});
  } else if ((dir.mode & (S_IWGRP | S_IWOTH)) != 0) {
    findings.push_back({Level::problem, "state",
                        fmt::format("{} may be written by others than root (mode {:04o})",
                                    kStateDir, dir.mode & 07777U),
                        fmt::format("chmod go-w {}", kStateDir)});
  } else {
    findings.push_back({Level::ok, "state", fmt::format("{} is root's", kStateDir), {}});
  }
}

bool alive(const ClaimFacts& claim) {
  return std::ranges::any_of(claim.uses, [](const Use& use) { return use.holder.alive(); });
}

void examine_claims(const DoctorFacts& facts, std::vector<Finding>& findings) {
  for (const ClaimFacts& claim : facts.node.claims) {
    if (alive(claim)) continue;
    findings.push_back({Level::problem, "claim " + claim.name, "none of its holders lives", kReap});
  }
  for (const rdt::Clos& clos : facts.node.layout.groups) {
    for (const rdt::Member& member : clos.members) {
      const auto known = std::ranges::find(facts.node.claims, member.claim, &ClaimFacts::name);
      if (known != facts.node.claims.end()) continue;
      findings.push_back({Level::problem, "claim " + member.claim,
                          fmt::format("has a part of group '{}' and no holder", clos.name), kReap});
    }
  }
}

}  // namespace

void examine_state(const DoctorFacts& facts, std::vector<Finding>& findings) {
  examine_directory(facts, findings);
  if (!facts.ledger_error.empty()) {
    findings.push_back({Level::problem, "ledger", facts.ledger_error,
                        fmt::format("mv {0}/rdt.json {0}/rdt.json.damaged && berth reap, when no "
                                    "claim runs",
                                    kStateDir)});
  }
  if (facts.lock_held) {
    findings.push_back({Level::note, "lock",
                        "somebody has held resctrl's lock for two seconds and more: what is said "
                        "here of groups may be half of a change",
                        "lslocks -o COMMAND,PID,PATH | grep resctrl"});
  } else if (facts.journal) {
    findings.push_back({Level::problem, "journal",
                        "a change of resctrl was begun, and whoever made it died", kReap});
  }
  examine_claims(facts, findings);
}

}  // namespace berth::launcher
