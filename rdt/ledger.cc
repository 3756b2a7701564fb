#include "rdt/ledger.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"

namespace berth::rdt {

namespace {

using Json = nlohmann::json;

constexpr const char* kFile = "rdt.json";
constexpr int kVersion = 1;

// Domains are keys (so strings) and masks hexadecimal, as in schemata: people read this file too.
Json to_json(const Masks& masks) {
  Json object = Json::object();
  for (const auto& [id, mask] : masks) object[std::to_string(id)] = mask.to_hex();
  return object;
}

unsigned parse_id(const std::string& text) {
  size_t used = 0;
  const unsigned long id = std::stoul(text, &used);
  if (used != text.size() || id > UINT32_MAX) throw std::out_of_range(text);
  return static_cast<unsigned>(id);
}

Masks masks_from(const Json& object) {
  Masks masks;
  for (const auto& [id, mask] : object.items()) {
    masks[parse_id(id)] = WayMask::parse(mask.get<std::string>());
  }
  return masks;
}

Json to_json(const LedgerGroup& group) {
  Json domains = Json::array();
  for (const auto& [id, ways] : group.ways) domains.push_back(id);
  return {{"exclusive", group.exclusive},
          {"asked", group.asked},
          {"purpose", group.purpose},
          {"masks", to_json(group.job)},
          {"granted_in", std::move(domains)}};
}

LedgerGroup group_from(const Json& object) {
  LedgerGroup group{.exclusive = object.at("exclusive").get<bool>(),
                    .asked = object.at("asked").get<std::string>(),
                    .purpose = object.at("purpose").get<std::string>(),
                    .job = masks_from(object.at("masks")),
                    .ways = {}};
  for (const Json& domain : object.at("granted_in")) {
    const auto id = domain.get<unsigned>();
    group.ways[id] = group.job.at(id).count();
  }
  return group;
}

Ledger ledger_from(const Json& object) {
  if (object.at("version").get<int>() != kVersion) throw std::out_of_range("version");
  Ledger ledger;
  for (const auto& [id, mask] : masks_from(object.at("default_before"))) {
    ledger.original.resources["L3"][id] = mask.bits();
  }
  for (const auto& [name, group] : object.at("groups").items()) {
    ledger.groups[name] = group_from(group);
  }
  return ledger;
}

}  // namespace

Ledger read_ledger(int state_dir) {
  const std::optional<std::string> text = read_file_if_exists(state_dir, kFile);
  if (!text) return {};
  try {
    return ledger_from(Json::parse(*text));
  } catch (const std::exception&) {
    throw Error(fmt::format("the ledger '{}' is damaged: it is not what berth writes", kFile));
  }
}

void write_ledger(int state_dir, const Ledger& ledger) {
  Masks before;
  const auto line = ledger.original.resources.find("L3");
  if (line != ledger.original.resources.end()) {
    for (const auto& [id, bits] : line->second) before[id] = WayMask(bits);
  }
  Json groups = Json::object();
  for (const auto& [name, group] : ledger.groups) groups[name] = to_json(group);
  const Json object = {
      {"version", kVersion}, {"default_before", to_json(before)}, {"groups", std::move(groups)}};
  // Not strict: a purpose that is not UTF-8 must not keep a job from being recorded.
  const std::string text = object.dump(2, ' ', false, Json::error_handler_t::replace);
  replace_file(state_dir, kFile, text + "\n", 0644);
}

}  // namespace berth::rdt
