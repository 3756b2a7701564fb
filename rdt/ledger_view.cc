#include "rdt/ledger_view.h"

#include <algorithm>

#include "base/error.h"

namespace berth::rdt {

namespace {

constexpr const char* kL3 = "L3";

// A group's schemata; nothing where it was removed meanwhile by somebody who knows no lock.
std::optional<Schemata> schemata_of(const Resctrl& resctrl, const std::string& name) {
  try {
    const std::optional<Group> group = resctrl.find(name);
    if (!group) return std::nullopt;
    return group->schemata();
  } catch (const Error& e) {
    if (e.code() == ENODEV || e.code() == ENOENT) return std::nullopt;
    throw;
  }
}

InUse as_recorded(const std::string& name, const LedgerGroup& recorded) {
  InUse group{name, {}, recorded.exclusive, true};
  for (const auto& [id, ways] : recorded.ways) {
    group.schemata.resources[kL3][id] = recorded.job.at(id).bits();
  }
  return group;
}

}  // namespace

Schemata l3_line(const Schemata& schemata) {
  Schemata line;
  const auto found = schemata.resources.find(kL3);
  if (found != schemata.resources.end()) line.resources[kL3] = found->second;
  return line;
}

Schemata l3_line(const Masks& masks, const Capability& capability) {
  Schemata line;
  for (const auto& [id, mask] : masks) {
    const bool exists = capability.l3 && std::ranges::binary_search(capability.l3->domains, id);
    if (exists && !mask.empty()) line.resources[kL3][id] = mask.bits();
  }
  return line;
}

std::vector<InUse> in_use(const Resctrl& resctrl, const Ledger& ledger) {
  std::vector<InUse> groups;
  for (const auto& [name, recorded] : ledger.groups) {
    InUse group = as_recorded(name, recorded);
    const Schemata now = l3_line(schemata_of(resctrl, name).value_or(Schemata()));
    for (const auto& [id, bits] : now.resources.empty() ? DomainValues() : now.resources.at(kL3)) {
      const auto held = group.schemata.resources[kL3].find(id);
      if (held != group.schemata.resources[kL3].end()) held->second |= bits;
    }
    groups.push_back(std::move(group));
  }
  for (const std::string& name : resctrl.group_names()) {
    if (ledger.groups.contains(name)) continue;
    if (auto schemata = schemata_of(resctrl, name)) {
      groups.push_back({name, std::move(*schemata), true, false});
    }
  }
  return groups;
}

Masks default_left_by(const Ledger& ledger, const Capability& capability) {
  std::vector<InUse> groups;
  for (const auto& [name, recorded] : ledger.groups) groups.push_back(as_recorded(name, recorded));
  return default_masks(capability, ledger.original, groups);
}

bool settle_default(const Resctrl& resctrl, const Capability& capability, const Ledger& ledger) {
  const Schemata wanted = l3_line(default_left_by(ledger, capability), capability);
  const Group group = resctrl.default_group();
  if (contains(group.schemata(), wanted)) return false;
  group.write(wanted);
  return true;
}

bool restore_group(const Resctrl& resctrl, const Capability& capability, const std::string& name,
                   const LedgerGroup& recorded) {
  const Schemata wanted = l3_line(recorded.job, capability);
  const std::optional<Group> found = resctrl.find(name);
  if (found && contains(found->schemata(), wanted)) return false;
  if (found) {
    found->write(wanted);
  } else {
    resctrl.create(name, std::chrono::milliseconds(0)).write(wanted);
  }
  return true;
}

}  // namespace berth::rdt
