#include "rdt/known_capability.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"

namespace berth::rdt {

namespace {

using Json = nlohmann::json;
using Unit = BandwidthCapability::Unit;

constexpr const char* kFile = "rdt-capability.json";

// The mount: its device number and when its root came to be, for numbers are used again.
std::string key_of(const Resctrl& resctrl) {
  struct stat st {};
  check(::fstat(resctrl.root(), &st), "fstat", "resctrl");
  return fmt::format("{}:{}:{}.{:09}:{}", st.st_dev, st.st_ino, st.st_ctim.tv_sec,
                     st.st_ctim.tv_nsec, resctrl.options().text);
}

Json to_json(const CacheCapability& cache) {
  return {{"full", cache.full.to_hex()}, {"shareable", cache.shareable.to_hex()},
          {"minWays", cache.min_ways},   {"closids", cache.num_closids},
          {"sparse", cache.sparse},      {"codeData", cache.code_data}};
}

CacheCapability cache_from(const Json& json) {
  CacheCapability cache;
  cache.full = WayMask::parse(json.at("full").get<std::string>());
  cache.shareable = WayMask::parse(json.at("shareable").get<std::string>());
  cache.min_ways = json.at("minWays").get<unsigned>();
  cache.num_closids = json.at("closids").get<unsigned>();
  cache.sparse = json.at("sparse").get<bool>();
  cache.code_data = json.at("codeData").get<bool>();
  return cache;
}

Json to_json(const BandwidthCapability& bandwidth) {
  return {{"unit", static_cast<int>(bandwidth.unit)},
          {"min", bandwidth.min},
          {"granularity", bandwidth.granularity},
          {"unlimited", bandwidth.unlimited},
          {"closids", bandwidth.num_closids}};
}

BandwidthCapability bandwidth_from(const Json& json) {
  BandwidthCapability bandwidth;
  bandwidth.unit = static_cast<Unit>(json.at("unit").get<int>());
  bandwidth.min = json.at("min").get<uint64_t>();
  bandwidth.granularity = json.at("granularity").get<uint64_t>();
  bandwidth.unlimited = json.at("unlimited").get<uint64_t>();
  bandwidth.num_closids = json.at("closids").get<unsigned>();
  return bandwidth;
}

std::string to_text(const Capability& capability, const std::string& key) {
  Json json = {{"mount", key}, {"groups", capability.max_groups}};
  for (const Cache cache : kCaches) {
    if (const auto& of = capability.caches[cache]) json[std::string(name_of(cache))] = to_json(*of);
  }
  for (const Throttle throttle : kThrottles) {
    if (const auto& of = capability.throttles[throttle]) {
      json[std::string(name_of(throttle))] = to_json(*of);
    }
  }
  if (capability.monitor) {
    json["monitor"] = {{"rmids", capability.monitor->num_rmids},
                       {"events", capability.monitor->events}};
  }
  return json.dump() + "\n";
}

Capability from_text(const std::string& text, const std::string& key) {
  const Json json = Json::parse(text);
  if (json.at("mount") != key) throw std::out_of_range("mount");
  Capability capability;
  capability.max_groups = json.at("groups").get<unsigned>();
  for (const Cache cache : kCaches) {
    const std::string name(name_of(cache));
    if (json.contains(name)) capability.caches[cache] = cache_from(json.at(name));
  }
  for (const Throttle throttle : kThrottles) {
    const std::string name(name_of(throttle));
    if (json.contains(name)) capability.throttles[throttle] = bandwidth_from(json.at(name));
  }
  if (json.contains("monitor")) {
    capability.monitor =
        MonitorCapability{json.at("monitor").at("rmids").get<unsigned>(),
                          json.at("monitor").at("events").get<std::vector<std::string>>()};
  }
  return capability;
}

std::optional<Capability> recall(int state_dir, const std::string& key) {
  const auto text = read_file_if_exists(state_dir, kFile);
  if (!text) return std::nullopt;
  try {
    return from_text(*text, key);
  } catch (const std::exception&) {
    return std::nullopt;  // of another mount or version, or damaged: it is read again
  }
}

}  // namespace

Capability known_capability(const Resctrl& resctrl, int state_dir) {
  const std::string key = key_of(resctrl);
  if (auto known = recall(state_dir, key)) {
    read_domains(*known, resctrl.default_group().schemata());
    return std::move(*known);
  }
  Capability capability = resctrl.capability();
  try {
    replace_file(state_dir, kFile, to_text(capability, key), 0644, /*through_a_crash=*/false);
  } catch (const Error& e) {
    // A full /run costs the next caller these files again, nothing more.
    if (tracing()) trace(e.what());
  }
  return capability;
}

}  // namespace berth::rdt
