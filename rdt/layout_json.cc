// A layout as JSON: what the ledger and the journal hold.
#include "rdt/ledger.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace berth::rdt {

namespace {

using Json = nlohmann::json;

constexpr int kVersion = 2;

constexpr std::pair<Hold, const char*> kHolds[] = {
    {Hold::exclusive, "exclusive"}, {Hold::shared, "shared"}, {Hold::as_default, "as default"}};

// Domains are keys (so strings) by cache id and masks hexadecimal, as in schemata: people read this
// file too. `make` gives an item's value, null for none.
template <class T, class Make>
void put(Json& object, std::string_view name, const std::vector<unsigned>& ids,
         const std::vector<T>& items, const Make& make) {
  Json entries = Json::object();
  for (size_t i = 0; i < items.size() && i < ids.size(); ++i) {
    Json value = make(items[i]);
    if (!value.is_null()) entries[std::to_string(ids[i])] = std::move(value);
  }
  if (!entries.empty()) object[std::string(name)] = std::move(entries);
}

unsigned parse_id(const std::string& text) {
  size_t used = 0;
  const unsigned long id = std::stoul(text, &used);
  if (used != text.size() || id > UINT32_MAX) throw std::out_of_range(text);
  return static_cast<unsigned>(id);
}

// One item for each id; those that `object` does not name are left as they are made.
template <class T, class Read>
std::vector<T> get(const Json& object, std::string_view name, const std::vector<unsigned>& ids,
                   const Read& read) {
  std::vector<T> items(ids.size());
  const auto entries = object.find(name);
  if (entries == object.end()) return items;
  for (const auto& [id, value] : entries->items()) {
    const auto at = std::ranges::find(ids, parse_id(id));
    if (at != ids.end()) items[static_cast<size_t>(at - ids.begin())] = read(value);
  }
  return items;
}

Json masks_json(const Masks& masks) {
  if (masks.data.empty()) return nullptr;
  if (masks.data == masks.code) return masks.data.to_hex();
  return {{"data", masks.data.to_hex()}, {"code", masks.code.to_hex()}};
}

WayMask mask_from(const Json& json) {
  return WayMask::parse(json.get<std::string>());
}

Masks masks_from(const Json& json) {
  if (json.is_string()) return {mask_from(json), mask_from(json)};
  return {mask_from(json.at("data")), mask_from(json.at("code"))};
}

Json slot_json(const Slot& slot) {
  const auto hold = std::ranges::find(kHolds, slot.hold, &std::pair<Hold, const char*>::first);
  if (hold == std::end(kHolds)) return nullptr;
  Json json = {{"hold", hold->second}};
  if (!slot.ways.empty()) json["ways"] = slot.ways.to_hex();
  if (!slot.code.empty()) json["code"] = slot.code.to_hex();
  return json;
}

Slot slot_from(const Json& json) {
  const auto word = json.at("hold").get<std::string>();
  const auto hold = std::ranges::find(kHolds, word, &std::pair<Hold, const char*>::second);
  if (hold == std::end(kHolds)) throw std::out_of_range(word);
  Slot slot{hold->first, {}, {}};
  if (json.contains("ways")) slot.ways = mask_from(json.at("ways"));
  if (json.contains("code")) slot.code = mask_from(json.at("code"));
  return slot;
}

// What the file needs of a capability: the ids behind the positions.
struct Ids {
  explicit Ids(const Capability& capability) {
    for (const Cache cache : kCaches) {
      if (capability.caches[cache]) caches[cache] = capability.caches[cache]->domains;
    }
    for (const Throttle throttle : kThrottles) {
      if (capability.throttles[throttle])
        throttles[throttle] = capability.throttles[throttle]->domains;
    }
  }
  PerCache<std::vector<unsigned>> caches;
  PerThrottle<std::vector<unsigned>> throttles;
};

Json positions_json(const std::vector<size_t>& positions, const std::vector<unsigned>& ids) {
  Json list = Json::array();
  for (const size_t position : positions) list.push_back(ids.at(position));
  return list;
}

std::vector<size_t> positions_from(const Json& json, std::string_view name,
                                   const std::vector<unsigned>& ids) {
  std::vector<size_t> positions;
  for (const Json& id : json.at(std::string(name))) {
    const auto at = std::ranges::find(ids, id.get<unsigned>());
    if (at != ids.end()) positions.push_back(static_cast<size_t>(at - ids.begin()));
  }
  return positions;
}

Json member_json(const Member& member, const Ids& ids) {
  Json json = {{"claim", member.claim},
               {"purpose", member.purpose},
               {"asked", member.asked},
               {"monitored", member.monitored}};
  for (const Cache cache : kCaches) {
    json[std::string(name_of(cache))] = positions_json(member.domains[cache], ids.caches[cache]);
  }
  for (const Throttle throttle : kThrottles) {
    json[std::string(name_of(throttle))] =
        positions_json(member.rate_domains[throttle], ids.throttles[throttle]);
  }
  return json;
}

Member member_from(const Json& json, const Ids& ids) {
  Member member{json.at("claim").get<std::string>(),
                json.at("purpose").get<std::string>(),
                json.at("asked").get<std::string>(),
                json.at("monitored").get<bool>(),
                {},
                {}};
  for (const Cache cache : kCaches) {
    member.domains[cache] = positions_from(json, name_of(cache), ids.caches[cache]);
  }
  for (const Throttle throttle : kThrottles) {
    member.rate_domains[throttle] =
        positions_from(json, name_of(throttle), ids.throttles[throttle]);
  }
  return member;
}

Json clos_json(const Clos& clos, const Ids& ids) {
  Json json = {{"name", clos.name}, {"members", Json::array()}};
  if (!clos.partition.empty()) json["partition"] = clos.partition;
  if (!clos.class_name.empty()) json["class"] = clos.class_name;
  if (clos.kernel_exclusive) json["kernelExclusive"] = true;
  for (const Cache cache : kCaches) {
    put(json, name_of(cache), ids.caches[cache], clos.slots[cache], slot_json);
  }
  for (const Throttle throttle : kThrottles) {
    put(json, name_of(throttle), ids.throttles[throttle], clos.rates[throttle],
        [](const Rate& rate) { return rate.used ? Json(rate.figure) : Json(); });
  }
  for (const Member& member : clos.members) {
    json["members"].push_back(member_json(member, ids));
  }
  return json;
}

Clos clos_from(const Json& json, const Ids& ids) {
  Clos clos;
  clos.name = json.at("name").get<std::string>();
  clos.partition = json.value("partition", "");
  clos.class_name = json.value("class", "");
  clos.kernel_exclusive = json.value("kernelExclusive", false);
  for (const Cache cache : kCaches) {
    clos.slots[cache] = get<Slot>(json, name_of(cache), ids.caches[cache], slot_from);
  }
  for (const Throttle throttle : kThrottles) {
    clos.rates[throttle] =
        get<Rate>(json, name_of(throttle), ids.throttles[throttle], [](const Json& figure) {
          return Rate{true, figure.get<uint64_t>()};
        });
  }
  for (const Json& member : json.at("members")) clos.members.push_back(member_from(member, ids));
  return clos;
}

Json layout_json(const Layout& layout, const Ids& ids) {
  Json json = {{"version", kVersion},
               {"floorWays", layout.floor_ways},
               {"defaultBefore", Json::object()},
               {"partitions", Json::object()},
               {"groups", Json::array()}};
  for (const Cache cache : kCaches) {
    put(json["defaultBefore"], name_of(cache), ids.caches[cache], layout.original[cache],
        masks_json);
  }
  for (const Region& region : layout.regions) {
    Json& of = json["partitions"][region.partition] = Json::object();
    for (const Cache cache : kCaches) {
      put(of, name_of(cache), ids.caches[cache], region.ways[cache],
          [](WayMask ways) { return ways.empty() ? Json() : Json(ways.to_hex()); });
    }
  }
  for (const Clos& clos : layout.groups) json["groups"].push_back(clos_json(clos, ids));
  return json;
}

Layout layout_from(const Json& json, const Ids& ids) {
  if (json.at("version").get<int>() != kVersion) throw std::out_of_range("version");
  Layout layout;
  layout.floor_ways = json.at("floorWays").get<unsigned>();
  for (const Cache cache : kCaches) {
    layout.original[cache] =
        get<Masks>(json.at("defaultBefore"), name_of(cache), ids.caches[cache], masks_from);
  }
  for (const auto& [name, of] : json.at("partitions").items()) {
    Region region{name, {}};
    for (const Cache cache : kCaches) {
      region.ways[cache] = get<WayMask>(of, name_of(cache), ids.caches[cache], mask_from);
    }
    layout.regions.push_back(std::move(region));
  }
  for (const Json& of : json.at("groups")) layout.groups.push_back(clos_from(of, ids));
  return layout;
}

}  // namespace

std::string to_text(const Capability& capability, const Layout& layout) {
  // Not strict: a purpose that is not UTF-8 must not keep a job from being recorded.
  return layout_json(layout, Ids(capability)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

Layout layout_from_text(std::string_view text, const Capability& capability) {
  return layout_from(Json::parse(text), Ids(capability));
}

}  // namespace berth::rdt
