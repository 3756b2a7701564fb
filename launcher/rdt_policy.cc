#include "launcher/rdt_policy.h"

#include <fmt/format.h>
#include <pwd.h>
#include <strings.h>

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace berth::launcher {

namespace {

bool fits(const std::vector<std::string>& names, const std::string& name) {
  return names.empty() || std::ranges::find(names, name) != names.end();
}

// Slurm has the names of accounts in lower case, however they are typed.
bool fits_account(const std::vector<std::string>& names, const std::string& account) {
  const auto is_it = [&](const std::string& name) {
    return ::strcasecmp(name.c_str(), account.c_str()) == 0;
  };
  return names.empty() || std::ranges::any_of(names, is_it);
}

// Whom the rule is for, by what it looks at: `account 'physics'`.
std::string whom(const RdtRule& rule, const Asker& asker) {
  std::string text;
  const auto add = [&](const char* kind, const std::vector<std::string>& names,
                       const std::string& name) {
    if (names.empty()) return;
    text += fmt::format("{}{} '{}'", text.empty() ? "" : ", ", kind, name);
  };
  add("user", rule.users, asker.user);
  add("account", rule.accounts, asker.account);
  add("partition", rule.partitions, asker.partition);
  return text.empty() ? "everybody" : text;
}

// The part of the request that is about one cache.
std::optional<rdt::CacheWish> asked_of(const RdtRequest& request, rdt::Cache cache) {
  if (cache == rdt::Cache::l2) {
    return request.l2 ? std::optional(rdt::CacheWish{request.l2, {}, {}}) : std::nullopt;
  }
  if (!request.asks_l3()) return std::nullopt;
  return rdt::CacheWish{request.l3, request.l3_code, request.l3_data};
}

std::string options_of(const RdtRequest& request, rdt::Cache cache) {
  RdtRequest part;
  if (cache == rdt::Cache::l2) {
    part.l2 = request.l2;
  } else {
    part.l3 = request.l3;
    part.l3_code = request.l3_code;
    part.l3_data = request.l3_data;
  }
  return part.text();
}

std::vector<rdt::Amount> parts_of(const rdt::CacheWish& wish) {
  std::vector<rdt::Amount> parts;
  for (const auto& part : {wish.all, wish.code, wish.data}) {
    if (part) parts.push_back(*part);
  }
  return parts;
}

// As survey counts them while nobody has any: `auto` is a part of these.
unsigned grantable(const JobCaches& caches, rdt::Cache cache, size_t domain) {
  const rdt::CacheCapability& capability = *caches.capability.caches[cache];
  const rdt::WayMask floor =
      rdt::floor_in(capability, rdt::Layout{}, cache, domain, caches.rules.floor_ways);
  const rdt::WayMask io = caches.rules.io_ways ? rdt::WayMask{} : capability.shareable;
  return capability.full.minus(floor | io).count();
}

// Nothing where the parts come to no more ways than the ceiling, else how many that is, and where.
std::optional<std::string> excess_in_ways(const std::vector<rdt::Amount>& parts,
                                          const rdt::Amount& most, rdt::Cache cache,
                                          const JobCaches& caches) {
  const auto& capability = caches.capability.caches[cache];
  if (!capability) return std::nullopt;  // nothing to be had here anyway
  const unsigned ways = capability->full.count();
  for (const rdt::DomainShare& share : caches.domains[cache]) {
    const auto domain = capability->index_of(share.id);
    if (!domain) continue;
    const unsigned all = grantable(caches, cache, *domain);
    const auto count = [&](const rdt::Amount& amount) {
      return std::clamp<uint64_t>(rdt::ways_of(amount, ways, all, share), capability->min_ways,
                                  ways + 1);
    };
    try {
      uint64_t asked = 0;
      for (const rdt::Amount& part : parts) asked += count(part);
      if (asked <= count(most)) continue;
      return fmt::format(" ({} of the {} ways of {} {})", count(most), ways, rdt::name_of(cache),
                         share.id);
    } catch (const Error&) {  // bytes, and nothing to hold them against
      return fmt::format(" (the size of {} {} is unknown)", rdt::name_of(cache), share.id);
    }
  }
  return std::nullopt;
}

// Nothing where the wish is within the ceiling, else what there is to say of it, which may be "".
std::optional<std::string> excess(const rdt::CacheWish& wish, const rdt::Amount& most,
                                  rdt::Cache cache, const JobCaches* caches) {
  using Unit = rdt::Amount::Unit;
  const std::vector<rdt::Amount> parts = parts_of(wish);
  const auto counts_in = [&](Unit unit) {
    return [unit](const rdt::Amount& part) { return part.unit == unit; };
  };
  if (std::ranges::any_of(parts, counts_in(Unit::automatic))) return std::nullopt;
  if (std::ranges::all_of(parts, counts_in(most.unit))) {
    uint64_t left = most.value;
    for (const rdt::Amount& part : parts) {
      if (part.value > left) return "";
      left -= part.value;
    }
    return std::nullopt;
  }
  return caches == nullptr ? std::nullopt : excess_in_ways(parts, most, cache, *caches);
}

std::string joined(const std::vector<std::string>& names) {
  return fmt::format("{}", fmt::join(names, ", "));
}

std::optional<std::string> class_refusal(const RdtPolicy& policy, const std::string& name,
                                         const RdtRule* rule, const Asker& asker) {
  std::vector<std::string> allowed;
  bool exists = false;
  for (const RdtPartition& partition : policy.partitions) {
    for (const RdtClass& one : partition.classes) {
      exists = exists || one.name == name;
      if (rule == nullptr || rule->may_have_class(one.name)) allowed.push_back(one.name);
    }
  }
  if (std::ranges::find(allowed, name) != allowed.end()) return std::nullopt;
  const std::string instead =
      allowed.empty() ? "" : fmt::format("; allowed are {}", joined(allowed));
  if (!exists) return fmt::format("the policy has no such class{}", instead);
  return fmt::format("the policy does not allow {} this class{}", whom(*rule, asker), instead);
}

std::optional<std::string> cache_refusal(const RdtRule& rule, const RdtRequest& request,
                                         rdt::Cache cache, const Asker& asker,
                                         const JobCaches* caches) {
  const auto wish = asked_of(request, cache);
  if (!wish) return std::nullopt;
  const std::string options = options_of(request, cache);
  if (!(cache == rdt::Cache::l3 ? rule.l3 : rule.l2)) {
    return fmt::format("{} refused: the policy does not allow {} to ask for {}", options,
                       whom(rule, asker), rdt::name_of(cache));
  }
  if (!rule.exclusive && !request.shared) {
    return fmt::format("{} refused: the policy allows {} no exclusive ways; add --l3-share",
                       options, whom(rule, asker));
  }
  const auto& most = rule.max_of(cache);
  if (!most) return std::nullopt;
  const auto over = excess(*wish, *most, cache, caches);
  if (!over) return std::nullopt;
  return fmt::format("{} refused: the policy allows {} at most {}{}", options, whom(rule, asker),
                     rdt::to_string(*most), *over);
}

std::string listed(const BandwidthAllocation& allocation) {
  std::string text;
  for (const rdt::Bandwidth& choice : allocation.choices) {
    text += (text.empty() ? "" : " or ") + rdt::to_string(choice);
  }
  return text;
}

std::optional<std::string> bandwidth_refusal(const RdtRule& rule, const rdt::Bandwidth& asked,
                                             const Asker& asker) {
  const std::string option = "--mbw=" + rdt::to_string(asked);
  if (!rule.mbw) {
    return fmt::format("{} refused: the policy does not allow {} to ask for memory bandwidth",
                       option, whom(rule, asker));
  }
  if (!rule.mbw_max) return std::nullopt;
  const rdt::Bandwidth* most = rule.mbw_max->in(asked.unit);
  if (most != nullptr && asked.value <= most->value) return std::nullopt;
  // A share and a rate cannot be held against each other.
  return fmt::format("{} refused: the policy allows {} at most {}", option, whom(rule, asker),
                     most != nullptr ? rdt::to_string(*most) : listed(*rule.mbw_max));
}

}  // namespace

const rdt::CacheWish* CacheAllocation::at(unsigned id) const {
  const auto found = by_id.find(id);
  if (found != by_id.end()) return &found->second;
  return all ? &*all : nullptr;
}

std::optional<rdt::CacheWish> CacheAllocation::wish(unsigned id, bool code_data) const {
  const rdt::CacheWish* found = at(id);
  if (found == nullptr) return std::nullopt;
  if (found->all && (!code_data || !found->code)) return rdt::CacheWish{found->all, {}, {}};
  return rdt::CacheWish{{}, found->code, found->data};
}

const rdt::Bandwidth* BandwidthAllocation::in(rdt::Bandwidth::Unit unit) const {
  const auto found = std::ranges::find(choices, unit, &rdt::Bandwidth::unit);
  return found == choices.end() ? nullptr : &*found;
}

const std::optional<rdt::Amount>& RdtRule::max_of(rdt::Cache cache) const {
  return cache == rdt::Cache::l3 ? l3_max : l2_max;
}

bool RdtRule::may_have_class(const std::string& name) const {
  return !classes || std::ranges::find(*classes, name) != classes->end();
}

std::string user_name(uid_t uid) {
  std::vector<char> buffer(1 << 14);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return {};
  }
  return found->pw_name;
}

const RdtRule* rule_for(const RdtPolicy& policy, const Asker& asker) {
  const auto found = std::ranges::find_if(policy.rules, [&](const RdtRule& rule) {
    return fits(rule.users, asker.user) && fits_account(rule.accounts, asker.account) &&
           fits(rule.partitions, asker.partition);
  });
  return found == policy.rules.end() ? nullptr : &*found;
}

std::optional<std::string> refusal_of(const RdtPolicy& policy, const RdtRequest& request,
                                      const Asker& asker, const JobCaches* caches) {
  const RdtRule* rule = rule_for(policy, asker);
  if (!request.rdt_class.empty()) {
    const auto why = class_refusal(policy, request.rdt_class, rule, asker);
    if (!why) return std::nullopt;
    return fmt::format("--rdt-class={} refused: {}", request.rdt_class, *why);
  }
  if (rule == nullptr) return std::nullopt;
  for (const rdt::Cache cache : rdt::kCaches) {
    if (auto refusal = cache_refusal(*rule, request, cache, asker, caches)) return refusal;
  }
  return request.mbw ? bandwidth_refusal(*rule, *request.mbw, asker) : std::nullopt;
}

RdtRequest clamped(const RdtPolicy& policy, RdtRequest request, const Asker& asker) {
  const RdtRule* rule = rule_for(policy, asker);
  if (class_refusal(policy, request.rdt_class, rule, asker)) request.rdt_class.clear();
  if (rule == nullptr || !request.rdt_class.empty()) return request;
  if (!rule->l3) request.l3 = request.l3_code = request.l3_data = std::nullopt;
  if (!rule->l2) request.l2.reset();
  if (!rule->mbw) request.mbw.reset();
  const bool caches = request.asks_l3() || request.l2;
  request.shared = caches && (request.shared || !rule->exclusive);
  if (request.asks_l3()) request.at_most.l3 = rule->l3_max;
  if (request.l2) request.at_most.l2 = rule->l2_max;
  if (request.mbw && rule->mbw_max) {
    const rdt::Bandwidth* most = rule->mbw_max->in(request.mbw->unit);
    if (most == nullptr) {
      request.mbw = rule->mbw_max->choices.front();
    } else if (most->value < request.mbw->value) {
      request.mbw = *most;
    }
  }
  return request;
}

std::optional<std::pair<const RdtPartition*, const RdtClass*>> find_class(const RdtPolicy& policy,
                                                                          const std::string& name) {
  for (const RdtPartition& partition : policy.partitions) {
    const auto found = std::ranges::find(partition.classes, name, &RdtClass::name);
    if (found != partition.classes.end()) return std::pair(&partition, &*found);
  }
  return std::nullopt;
}

std::optional<rdt::Bandwidth> bandwidth_of(const RdtPartition& partition, const RdtClass& of_it,
                                           rdt::Bandwidth::Unit unit) {
  const rdt::Bandwidth* whole = partition.mb ? partition.mb->in(unit) : nullptr;
  const rdt::Bandwidth* own = of_it.mb ? of_it.mb->in(unit) : nullptr;
  if (own == nullptr) return whole == nullptr ? std::nullopt : std::optional(*whole);
  if (whole == nullptr) return *own;
  if (unit == rdt::Bandwidth::Unit::percent) {
    return rdt::Bandwidth{unit, (own->value * whole->value + 99) / 100};
  }
  return rdt::Bandwidth{unit, std::min(own->value, whole->value)};
}

}  // namespace berth::launcher
