#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "launcher/rdt_policy_json.h"
#include "topology/cpu_set.h"

namespace berth::launcher {

namespace {

constexpr unsigned kMaxFloor = 64;  // no capacity bitmask has more ways

constexpr const char* kNotAName = "is not a name; allowed are letters, digits, '_', '.' and '-'";

std::string name_of_property(const JsonNode& node) {
  if (!is_rdt_name(node.key())) node.fail(fmt::format("{} {}", in_quotes(node.key()), kNotAName));
  return std::string(node.key());
}

// goresctrl has absolute masks (`0xf0`), lists of ways (`4-7`) and ranges of percent (`50-60%`) as
// well. The amount that each comes to; nothing where it is none of them.
std::optional<std::string> amount_of_position(const std::string& text) {
  const bool percent = text.ends_with('%');
  const std::string list = percent ? text.substr(0, text.size() - 1) : text;
  try {
    size_t amount = 0;
    if (text.starts_with("0x")) {
      amount = rdt::WayMask::parse(text.substr(2)).count();
    } else if (list.find_first_of(percent ? "-" : "-,") != std::string::npos) {
      amount = topology::CpuSet::parse(list).size();
    }
    const std::string said = fmt::format("{}{}", amount, percent ? "%" : "w");
    return rdt::to_string(rdt::parse_amount(said));
  } catch (const Error&) {
    return std::nullopt;
  }
}

// For a partition or a class.
rdt::Amount fixed_amount(const JsonNode& node) {
  const std::string text = node.string();
  try {
    const rdt::Amount amount = rdt::parse_amount(text);
    if (amount.unit != rdt::Amount::Unit::automatic) return amount;
  } catch (const Error&) {
    if (const auto instead = amount_of_position(text)) {
      node.fail_value(fmt::format(
          "says which ways, and berth places ways itself: say how many, '{}'", *instead));
    }
  }
  node.fail_value(
      "is not a part of a cache; allowed are ways ('4w'), a share ('1%' to '100%') or a size "
      "('8MiB'; B, kB, MB, GB, KiB, MiB, GiB)");
}

std::optional<rdt::Amount> ceiling(const JsonNode& rule, std::string_view key) {
  const auto node = rule.find(key);
  if (!node) return std::nullopt;
  const std::string text = node->string();
  try {
    return rdt::parse_amount(text);
  } catch (const Error& e) {
    node->fail(e.message());
  }
}

rdt::Bandwidth bandwidth(const JsonNode& node) {
  const std::string text = node.string();
  try {
    return rdt::parse_bandwidth(text);
  } catch (const Error& e) {
    node.fail(e.message());
  }
}

// `"50%"`, or `["50%", "8GBps"]`.
std::optional<BandwidthAllocation> bandwidth_if(const JsonNode& object, std::string_view key) {
  const auto node = object.find(key);
  if (!node) return std::nullopt;
  if (!node->is_array()) return BandwidthAllocation{{bandwidth(*node)}};
  BandwidthAllocation allocation;
  for (const JsonNode& element : node->elements()) {
    const rdt::Bandwidth choice = bandwidth(element);
    if (allocation.in(choice.unit) != nullptr) {
      element.fail_value("is the second of its kind; allowed are one share and one rate");
    }
    allocation.choices.push_back(choice);
  }
  if (allocation.choices.empty()) {
    node->fail("it is empty; allowed are a share ('50%'), a rate ('8GBps') or both");
  }
  return allocation;
}

enum class Owner { partition, of_partition };

// `"60%"`, or an object with `unified`, `code`, `data`. One file may have half of it.
rdt::CacheWish cache_wish(const JsonNode& node, Owner owner) {
  rdt::CacheWish wish;
  if (!node.is_object()) {
    wish.all = fixed_amount(node);
    return wish;
  }
  if (owner == Owner::partition) {
    node.allow_only({"unified"});  // its classes tell code and data apart
  } else {
    node.allow_only({"unified", "code", "data"});
  }
  const auto read = [&](std::string_view key) {
    const auto part = node.find(key);
    return part ? std::optional(fixed_amount(*part)) : std::nullopt;
  };
  wish.all = read("unified");
  wish.code = read("code");
  wish.data = read("data");
  return wish;
}

std::optional<topology::CpuSet> list_of_ids(std::string_view text) {
  if (text.empty() || text.ends_with('\n')) return std::nullopt;
  try {
    return topology::CpuSet::parse(text);
  } catch (const Error&) {
    return std::nullopt;
  }
}

topology::CpuSet cache_ids(const JsonNode& node) {
  if (const auto ids = list_of_ids(node.key())) return *ids;
  node.fail(
      fmt::format("{} is not a list of cache ids; allowed are 'all' and lists like '0' or "
                  "'1,3-4'",
                  in_quotes(node.key())));
}

// An amount for all caches, or an object with amounts by cache ids.
std::optional<CacheAllocation> cache_if(const JsonNode& object, std::string_view key, Owner owner) {
  const auto node = object.find(key);
  if (!node) return std::nullopt;
  CacheAllocation allocation;
  const auto has = [&](std::string_view part) { return node->is_object() && node->find(part); };
  if (!node->is_object() || has("unified") || has("code") || has("data")) {
    allocation.all = cache_wish(*node, owner);
    return allocation;
  }
  for (const JsonNode& property : node->present()) {
    const rdt::CacheWish wish = cache_wish(property, owner);
    if (property.key() == "all") {
      allocation.all = wish;
      continue;
    }
    for (const unsigned id : cache_ids(property).cpus()) {
      if (!allocation.by_id.emplace(id, wish).second) {
        property.fail(fmt::format("cache {} is there twice", id));
      }
    }
  }
  return allocation;
}

template <class T>
void read_allocations(const JsonNode& node, Owner owner, T& into) {
  into.caches.l3 = cache_if(node, "l3Allocation", owner);
  into.caches.l2 = cache_if(node, "l2Allocation", owner);
  into.mb = bandwidth_if(node, "mbAllocation");
}

RdtPartition read_partition(const JsonNode& node) {
  RdtPartition partition;
  partition.name = name_of_property(node);
  node.allow_only({"l3Allocation", "l2Allocation", "mbAllocation", "classes"});
  read_allocations(node, Owner::partition, partition);
  const auto classes = node.find("classes");
  if (!classes) return partition;
  for (const JsonNode& one : classes->present()) {
    RdtClass& made = partition.classes.emplace_back();
    made.name = name_of_property(one);
    one.allow_only({"l3Allocation", "l2Allocation", "mbAllocation"});
    read_allocations(one, Owner::of_partition, made);
  }
  return partition;
}

// Names of Slurm's and of the system's user database: those may be more than words.
std::vector<std::string> selectors(const JsonNode& rule, std::string_view key) {
  std::vector<std::string> names;
  const auto node = rule.find(key);
  if (!node) return names;
  for (const JsonNode& element : node->elements()) {
    names.push_back(element.string());
    const bool printable = std::ranges::all_of(names.back(), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte > ' ' && byte != 0x7f;
    });
    if (names.back().empty() || !printable) {
      element.fail_value("is not a name; it may not be empty and has no spaces");
    }
  }
  return names;
}

enum class Allowed { l3, l2, mbw, of_class };

void read_allow(const JsonNode& rule, RdtRule& read) {
  const auto allow = rule.find("allow");
  if (!allow) return;
  read.l3 = read.l2 = read.mbw = false;
  bool classes = false;
  for (const JsonNode& element : allow->elements()) {
    switch (element.one_of<Allowed>({{"l3", Allowed::l3},
                                     {"l2", Allowed::l2},
                                     {"mbw", Allowed::mbw},
                                     {"class", Allowed::of_class}})) {
      case Allowed::l3:
        read.l3 = true;
        break;
      case Allowed::l2:
        read.l2 = true;
        break;
      case Allowed::mbw:
        read.mbw = true;
        break;
      case Allowed::of_class:
        classes = true;
        break;
    }
  }
  if (!classes) read.classes.emplace();
}

RdtRule read_rule(const JsonNode& node) {
  node.allow_only({"users", "accounts", "partitions", "l3Max", "l2Max", "mbwMax", "allow",
                   "exclusive", "classes"});
  RdtRule rule;
  rule.users = selectors(node, "users");
  rule.accounts = selectors(node, "accounts");
  rule.partitions = selectors(node, "partitions");
  rule.l3_max = ceiling(node, "l3Max");
  rule.l2_max = ceiling(node, "l2Max");
  rule.mbw_max = bandwidth_if(node, "mbwMax");
  rule.exclusive = node.boolean_or("exclusive", true);
  if (const auto classes = node.find("classes")) {
    rule.classes.emplace();
    for (const JsonNode& element : classes->elements()) {
      rule.classes->push_back(element.string());
      if (!is_rdt_name(rule.classes->back())) element.fail_value(kNotAName);
    }
  }
  read_allow(node, rule);
  return rule;
}

void read_options(const JsonNode& options, RdtPolicy& policy) {
  options.allow_only({"l3", "l2", "mb"});
  const auto optional = [&](std::string_view key) {
    const auto resource = options.find(key);
    if (!resource) return true;
    resource->allow_only({"optional"});
    return resource->boolean_or("optional", true);
  };
  policy.l3_optional = optional("l3");
  policy.l2_optional = optional("l2");
  policy.mb_optional = optional("mb");
}

}  // namespace

RdtPolicy read_rdt_policy(const JsonNode& rdt) {
  rdt.allow_only({"floorWays", "ioWays", "packing", "compaction", "kernelExclusive", "report",
                  "record", "options", "partitions", "rules"});
  RdtPolicy policy;
  if (const auto ways = rdt.integer_if<unsigned>("floorWays", 1, kMaxFloor)) {
    policy.layout.floor_ways = *ways;
  }
  policy.layout.io_ways = rdt.boolean_or("ioWays", policy.layout.io_ways);
  policy.layout.packing = rdt.boolean_or("packing", policy.layout.packing);
  policy.layout.compaction = rdt.boolean_or("compaction", policy.layout.compaction);
  policy.layout.kernel_exclusive =
      rdt.boolean_or("kernelExclusive", policy.layout.kernel_exclusive);
  if (const auto report = rdt.find("report")) {
    policy.report = report->one_of<RdtPolicy::Report>(
        {{"summary", RdtPolicy::Report::summary}, {"off", RdtPolicy::Report::off}});
  }
  if (const auto record = rdt.find("record")) {
    policy.record = record->string();
    if (!policy.record.starts_with('/')) record->fail_value("is not an absolute path");
  }
  if (const auto options = rdt.find("options")) read_options(*options, policy);
  if (const auto partitions = rdt.find("partitions")) {
    for (const JsonNode& node : partitions->present()) {
      policy.partitions.push_back(read_partition(node));
    }
  }
  if (const auto rules = rdt.find("rules")) {
    for (const JsonNode& node : rules->elements()) policy.rules.push_back(read_rule(node));
  }
  return policy;
}

}  // namespace berth::launcher
