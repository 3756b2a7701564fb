#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "launcher/rdt_policy_json.h"

namespace berth::launcher {

namespace {

const char* key_of(rdt::Cache cache) {
  return cache == rdt::Cache::l3 ? "l3Allocation" : "l2Allocation";
}

// Code and data go together, and a merge may have taken all amounts away.
void check_complete(const JsonNode& allocation) {
  if (!allocation.is_object()) return;
  const auto unified = allocation.find("unified"), code = allocation.find("code"),
             data = allocation.find("data");
  if (code.has_value() != data.has_value()) {
    allocation.fail_absent(code ? "data" : "code", "is missing; code and data go together");
  }
  if (code) {
    const rdt::Amount of_code = rdt::parse_amount(code->string()),
                      of_data = rdt::parse_amount(data->string());
    constexpr auto kPercent = rdt::Amount::Unit::percent;
    const uint64_t sum = of_code.value + of_data.value;
    if (of_code.unit == kPercent && of_data.unit == kPercent && sum > 100) {
      allocation.fail(
          fmt::format("code and data come to {}%; allowed are 100%: they share no ways", sum));
    }
  }
  if (unified || code) return;
  const std::vector<JsonNode> by_id = allocation.present();
  if (by_id.empty()) allocation.fail("it is empty; allowed are 'unified', 'all' and cache ids");
  for (const JsonNode& one : by_id) check_complete(one);
}

void check_complete(const JsonNode& owner, rdt::Cache cache) {
  if (const auto allocation = owner.find(key_of(cache))) check_complete(*allocation);
}

// Each cache that some partition names, and once those that none does.
std::set<std::optional<unsigned>> ids_of(const RdtPolicy& policy, rdt::Cache cache) {
  std::set<std::optional<unsigned>> ids{std::nullopt};
  for (const RdtPartition& partition : policy.partitions) {
    if (!partition.caches[cache]) continue;
    for (const auto& [id, wish] : partition.caches[cache]->by_id) ids.insert(id);
  }
  return ids;
}

const rdt::CacheWish* wish_of(const std::optional<CacheAllocation>& allocation,
                              const std::optional<unsigned>& id) {
  if (!allocation) return nullptr;
  if (id) return allocation->at(*id);
  return allocation->all ? &*allocation->all : nullptr;
}

// A partition's ways are nobody else's, so all of them together are at most the cache.
void check_sum(const JsonNode& partitions, const RdtPolicy& policy, rdt::Cache cache,
               const std::optional<unsigned>& id) {
  uint64_t sum = 0;
  std::string terms;
  for (const RdtPartition& partition : policy.partitions) {
    const rdt::CacheWish* wish = wish_of(partition.caches[cache], id);
    if (wish == nullptr || wish->all->unit != rdt::Amount::Unit::percent) continue;
    sum += wish->all->value;
    terms += fmt::format("{}{} {}%", terms.empty() ? "" : ", ", partition.name, wish->all->value);
  }
  if (sum <= 100) return;
  partitions.fail(fmt::format("the shares of {}{} come to {}% ({}); allowed are 100%",
                              rdt::name_of(cache), id ? fmt::format(" {}", *id) : "", sum, terms));
}

// Whether more is wanted than there is, where that shows without a machine.
bool exceeds(const rdt::CacheWish& wish, const rdt::Amount& whole) {
  if (whole.unit == rdt::Amount::Unit::percent) return false;
  return std::ranges::any_of(std::array{wish.all, wish.code, wish.data}, [&](const auto& part) {
    return part && part->unit == whole.unit && part->value > whole.value;
  });
}

void check_part(const JsonNode& of_class, const RdtPartition& partition, rdt::Cache cache,
                const CacheAllocation& allocation) {
  const auto node = of_class.find(key_of(cache));
  const auto& whole = partition.caches[cache];
  if (!whole) {
    node->fail(
        fmt::format("partition '{}' has no {} to take it from", partition.name, key_of(cache)));
  }
  const auto check = [&](const std::optional<unsigned>& id, const rdt::CacheWish& wish) {
    const rdt::CacheWish* has = wish_of(whole, id);
    if (has == nullptr && id) {
      node->fail(fmt::format("partition '{}' has no part of {} {}", partition.name,
                             rdt::name_of(cache), *id));
    }
    if (has == nullptr || !exceeds(wish, *has->all)) return;
    node->fail(fmt::format("it is more than partition '{}' has; allowed are {}", partition.name,
                           rdt::to_string(*has->all)));
  };
  if (allocation.all) check(std::nullopt, *allocation.all);
  for (const auto& [id, wish] : allocation.by_id) check(id, wish);
}

void check_partitions(const JsonNode& partitions, const RdtPolicy& policy) {
  for (const rdt::Cache cache : rdt::kCaches) {
    for (const JsonNode& partition : partitions.present()) check_complete(partition, cache);
    for (const auto& id : ids_of(policy, cache)) check_sum(partitions, policy, cache, id);
  }
  std::map<std::string, std::string> owners;  // of classes
  for (const RdtPartition& partition : policy.partitions) {
    const auto node = partitions.find(partition.name);
    const auto classes = node->find("classes");
    for (const RdtClass& one : partition.classes) {
      const auto of_class = classes->find(one.name);
      const auto [owner, first] = owners.emplace(one.name, partition.name);
      if (!first) {
        of_class->fail(
            fmt::format("partition '{}' has a class of this name; names are for one "
                        "class in all partitions",
                        owner->second));
      }
      for (const rdt::Cache cache : rdt::kCaches) {
        check_complete(*of_class, cache);
        if (one.caches[cache]) check_part(*of_class, partition, cache, *one.caches[cache]);
      }
    }
  }
}

std::string all_classes(const RdtPolicy& policy) {
  std::string text;
  for (const RdtPartition& partition : policy.partitions) {
    for (const RdtClass& one : partition.classes) text += (text.empty() ? "" : ", ") + one.name;
  }
  return text.empty() ? "none: no partition has any" : text;
}

}  // namespace

void check_rdt_policy(const JsonNode& rdt, const RdtPolicy& policy) {
  if (const auto partitions = rdt.find("partitions")) check_partitions(*partitions, policy);
  const auto rules = rdt.find("rules");
  if (!rules) return;
  for (const JsonNode& rule : rules->elements()) {
    const auto classes = rule.find("classes");
    if (!classes) continue;
    if (const auto allow = rule.find("allow"); allow && !classes->elements().empty()) {
      const std::vector<std::string> words = allow->strings();
      if (std::ranges::find(words, "class") == words.end()) {
        allow->fail("'class' is missing, and the rule has classes: add it, or take them away");
      }
    }
    for (const JsonNode& name : classes->elements()) {
      if (find_class(policy, name.string())) continue;
      name.fail_value(
          fmt::format("is not a class of the policy; allowed are {}", all_classes(policy)));
    }
  }
}

}  // namespace berth::launcher
