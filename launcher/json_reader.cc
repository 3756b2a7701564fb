#include "launcher/json_reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace berth::launcher {

using Json = nlohmann::json;

JsonReader::JsonReader(const Json& json, std::string name, std::string path)
    : json_(&json), name_(std::move(name)), path_(std::move(path)) {
  if (!json.is_object()) {
    throw Error(name_ + ": " + (path_.empty() ? "" : path_ + ": ") + "expected an object, found " +
                json.type_name());
  }
}

const Json* JsonReader::find(const std::string& key) {
  seen_.insert(key);
  const auto it = json_->find(key);
  return it == json_->end() || it->is_null() ? nullptr : &*it;
}

std::string JsonReader::path_of(const std::string& key) const {
  return path_.empty() ? key : path_ + "." + key;
}

Error JsonReader::refuse(const std::string& key, const std::string& why) const {
  return Error(name_ + ": " + path_of(key) + ": " + why);
}

std::optional<std::string> JsonReader::text(const std::string& key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) throw refuse(key, "expected a string, found " + value->dump());
  return value->get<std::string>();
}

std::optional<int64_t> JsonReader::integer(const std::string& key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_integer()) {
    throw refuse(key, "expected a whole number, found " + value->dump());
  }
  return value->get<int64_t>();
}

std::optional<int64_t> JsonReader::positive(const std::string& key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_integer() || value->get<int64_t>() < 1 ||
      value->get<int64_t>() > INT32_MAX) {
    throw refuse(key, "expected a whole number from 1 up, found " + value->dump());
  }
  return value->get<int64_t>();
}

bool JsonReader::boolean(const std::string& key, bool fallback) {
  const Json* value = find(key);
  if (value == nullptr) return fallback;
  if (!value->is_boolean()) throw refuse(key, "expected true or false, found " + value->dump());
  return value->get<bool>();
}

std::string JsonReader::absolute_path(const std::string& key, std::optional<std::string> fallback) {
  auto value = text(key);
  if (!value) value = std::move(fallback);
  if (!value) throw refuse(key, "is missing");
  if (!value->starts_with('/')) throw refuse(key, "'" + *value + "' is not an absolute path");
  return *value;
}

std::vector<std::string> JsonReader::strings(const std::string& key) {
  const Json* value = find(key);
  if (value == nullptr) return {};
  if (!value->is_array()) throw refuse(key, "expected an array of strings, found " + value->dump());
  std::vector<std::string> result;
  for (const Json& item : *value) {
    if (!item.is_string()) {
      throw refuse(key + "[" + std::to_string(result.size()) + "]",
                   "expected a string, found " + item.dump());
    }
    result.push_back(item.get<std::string>());
  }
  return result;
}

std::vector<std::string> JsonReader::strings_of(const std::string& key,
                                                const std::vector<std::string>& allowed) {
  std::vector<std::string> result = strings(key);
  for (size_t i = 0; i < result.size(); ++i) {
    if (std::ranges::find(allowed, result[i]) != allowed.end()) continue;
    std::string names;
    for (const std::string& name : allowed) names += (names.empty() ? "" : ", ") + name;
    throw refuse(key + "[" + std::to_string(i) + "]", "'" + result[i] + "' is not one of " + names);
  }
  return result;
}

std::optional<JsonReader> JsonReader::object(const std::string& key) {
  const Json* value = find(key);
  if (value == nullptr) return std::nullopt;
  return JsonReader(*value, name_, path_of(key));
}

std::vector<JsonReader> JsonReader::objects(const std::string& key) {
  const Json* value = find(key);
  if (value == nullptr) return {};
  if (!value->is_array()) throw refuse(key, "expected an array of objects, found " + value->dump());
  std::vector<JsonReader> result;
  for (const Json& item : *value) {
    result.emplace_back(item, name_, path_of(key) + "[" + std::to_string(result.size()) + "]");
  }
  return result;
}

void JsonReader::done() const {
  for (const auto& [key, value] : json_->items()) {
    if (!seen_.contains(key)) throw refuse(key, "unknown key");
  }
}

std::string describe_parse_error(std::string_view text, size_t byte, std::string_view name) {
  const std::string_view before = text.substr(0, byte == 0 ? 0 : std::min(byte - 1, text.size()));
  const auto line = 1 + std::ranges::count(before, '\n');
  const size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  return std::string(name) + ": line " + std::to_string(line) + ", column " +
         std::to_string(before.size() - start + 1) + ": not valid JSON";
}

}  // namespace berth::launcher
