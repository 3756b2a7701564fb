#include <nlohmann/json.hpp>

#include "launcher/rdt_policy_json.h"

namespace berth::launcher {

namespace {

using Json = nlohmann::json;

Json json_of(const rdt::CacheWish& wish) {
  if (!wish.code) return rdt::to_string(*wish.all);
  Json json = {{"code", rdt::to_string(*wish.code)}, {"data", rdt::to_string(*wish.data)}};
  if (wish.all) json["unified"] = rdt::to_string(*wish.all);
  return json;
}

Json json_of(const CacheAllocation& allocation) {
  if (allocation.by_id.empty()) return json_of(*allocation.all);
  Json json = Json::object();
  if (allocation.all) json["all"] = json_of(*allocation.all);
  for (const auto& [id, wish] : allocation.by_id) json[std::to_string(id)] = json_of(wish);
  return json;
}

Json json_of(const BandwidthAllocation& allocation) {
  Json json = Json::array();
  for (const rdt::Bandwidth& choice : allocation.choices) json.push_back(rdt::to_string(choice));
  return json;
}

template <class T>
Json allocations_of(const T& owner) {
  Json json = Json::object();
  if (owner.caches.l3) json["l3Allocation"] = json_of(*owner.caches.l3);
  if (owner.caches.l2) json["l2Allocation"] = json_of(*owner.caches.l2);
  if (owner.mb) json["mbAllocation"] = json_of(*owner.mb);
  return json;
}

Json json_of(const RdtPartition& partition) {
  Json json = allocations_of(partition);
  json["classes"] = Json::object();
  for (const RdtClass& one : partition.classes) json["classes"][one.name] = allocations_of(one);
  return json;
}

Json json_of(const RdtRule& rule) {
  Json json = {{"users", rule.users},
               {"accounts", rule.accounts},
               {"partitions", rule.partitions},
               {"exclusive", rule.exclusive},
               {"allow", Json::array()}};
  const bool classes = !rule.classes || !rule.classes->empty();
  if (rule.l3) json["allow"].push_back("l3");
  if (rule.l2) json["allow"].push_back("l2");
  if (rule.mbw) json["allow"].push_back("mbw");
  if (classes) json["allow"].push_back("class");
  if (rule.classes && classes) json["classes"] = *rule.classes;
  if (rule.l3_max) json["l3Max"] = rdt::to_string(*rule.l3_max);
  if (rule.l2_max) json["l2Max"] = rdt::to_string(*rule.l2_max);
  if (rule.mbw_max) json["mbwMax"] = json_of(*rule.mbw_max);
  return json;
}

}  // namespace

Json json_of(const RdtPolicy& policy) {
  Json partitions = Json::object(), rules = Json::array();
  for (const RdtPartition& partition : policy.partitions) {
    partitions[partition.name] = json_of(partition);
  }
  for (const RdtRule& rule : policy.rules) rules.push_back(json_of(rule));
  Json json = {{"floorWays", policy.layout.floor_ways},
               {"ioWays", policy.layout.io_ways},
               {"packing", policy.layout.packing},
               {"compaction", policy.layout.compaction},
               {"kernelExclusive", policy.layout.kernel_exclusive},
               {"report", policy.report == RdtPolicy::Report::summary ? "summary" : "off"},
               {"options",
                {{"l3", {{"optional", policy.l3_optional}}},
                 {"l2", {{"optional", policy.l2_optional}}},
                 {"mb", {{"optional", policy.mb_optional}}}}},
               {"partitions", partitions},
               {"rules", rules}};
  if (!policy.record.empty()) json["record"] = policy.record;
  return json;
}

}  // namespace berth::launcher
