#include "tests/launcher/json_schema.h"

#include <algorithm>
#include <stdexcept>

namespace berth::test {

namespace {

using Json = nlohmann::json;

// They say nothing about a value.
const std::set<std::string> kAnnotations{"$schema",  "$defs",   "title", "description",
                                         "examples", "default", "type"};
// Read with another keyword.
const std::set<std::string> kCompanions{"minContains", "maxContains"};

bool has_type(const std::string& type, const Json& value) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "integer") return value.is_number_integer();
  throw std::runtime_error("unknown type " + type);
}

std::set<std::string> keys_of(const Json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

}  // namespace

const Json& JsonSchema::target(const Json& schema) const {
  return root_.at(Json::json_pointer(schema.at("$ref").get<std::string>().substr(1)));
}

bool JsonSchema::matches(const std::string& pattern, const std::string& text) const {
  const auto [found, made] = patterns_.try_emplace(pattern, pattern, std::regex::ECMAScript);
  return std::regex_search(text, found->second);
}

bool JsonSchema::allows(const Json& schema, const Json& value) const {
  if (schema.is_boolean()) return schema.get<bool>();
  if (schema.contains("type") && !has_type(schema["type"], value)) return false;
  if (value.is_object() && !allows_object(schema, value)) return false;
  if (value.is_array() && !allows_array(schema, value)) return false;
  const auto allowed_by = [&](const Json& other) { return allows(other, value); };
  for (const auto& [keyword, operand] : schema.items()) {
    bool holds = true;
    if (keyword == "$ref") {
      holds = allows(target(schema), value);
    } else if (keyword == "enum") {
      holds = std::ranges::find(operand, value) != operand.end();
    } else if (keyword == "const") {
      holds = operand == value;
    } else if (keyword == "minimum") {
      holds = !value.is_number() || value >= operand;
    } else if (keyword == "maximum") {
      holds = !value.is_number() || value <= operand;
    } else if (keyword == "pattern") {
      holds = !value.is_string() || matches(operand, value);
    } else if (keyword == "anyOf") {
      holds = std::ranges::any_of(operand, allowed_by);
    } else if (keyword == "allOf") {
      holds = std::ranges::all_of(operand, allowed_by);
    } else if (!kAnnotations.contains(keyword) && !kCompanions.contains(keyword) &&
               keyword != "properties" && keyword != "additionalProperties" &&
               keyword != "propertyNames" && keyword != "required" && keyword != "minProperties" &&
               keyword != "dependentRequired" && keyword != "items" && keyword != "minItems" &&
               keyword != "contains") {
      throw std::runtime_error("unknown keyword " + keyword);
    }
    if (!holds) return false;
  }
  return true;
}

bool JsonSchema::allows_object(const Json& schema, const Json& value) const {
  for (const Json& key : schema.value("required", Json::array())) {
    if (!value.contains(key.get<std::string>())) return false;
  }
  const Json with = schema.value("dependentRequired", Json::object());
  for (const auto& [key, others] : with.items()) {
    if (!value.contains(key)) continue;
    for (const Json& other : others) {
      if (!value.contains(other.get<std::string>())) return false;
    }
  }
  if (value.size() < schema.value("minProperties", size_t{0})) return false;
  for (const auto& [key, property] : value.items()) {
    if (schema.contains("propertyNames") && !allows(schema["propertyNames"], key)) return false;
    if (schema.contains("properties") && schema["properties"].contains(key)) {
      if (!allows(schema["properties"][key], property)) return false;
    } else if (schema.contains("additionalProperties") &&
               !allows(schema["additionalProperties"], property)) {
      return false;
    }
  }
  return true;
}

bool JsonSchema::allows_array(const Json& schema, const Json& value) const {
  if (value.size() < schema.value("minItems", size_t{0})) return false;
  size_t contained = 0;
  for (const Json& element : value) {
    if (schema.contains("items") && !allows(schema["items"], element)) return false;
    if (schema.contains("contains") && allows(schema["contains"], element)) ++contained;
  }
  return !schema.contains("contains") || (contained >= schema.value("minContains", size_t{1}) &&
                                          contained <= schema.value("maxContains", SIZE_MAX));
}

std::vector<Json> JsonSchema::samples(const Json& schema) const {
  if (schema.contains("$ref")) return samples(target(schema));
  if (schema.contains("enum")) return schema["enum"].get<std::vector<Json>>();
  if (schema.contains("const")) return {schema["const"]};
  if (schema.contains("anyOf")) {
    std::vector<Json> all;
    for (const Json& branch : schema["anyOf"]) {
      for (Json& sample : samples(branch)) all.push_back(std::move(sample));
    }
    return all;
  }
  const std::string type = schema.at("type");
  if (type == "object") return object_samples(schema);
  if (type == "array") return array_samples(schema);
  if (type == "boolean") return {true, false};
  if (type == "integer") return {schema.at("minimum"), schema.at("maximum")};
  return schema.at("examples").get<std::vector<Json>>();
}

std::vector<Json> JsonSchema::object_samples(const Json& schema) const {
  std::vector<Json> all{Json::object()};
  const Json properties = schema.value("properties", Json::object());
  for (const auto& [key, property] : properties.items()) all[0][key] = samples(property)[0];
  for (const auto& [key, property] : properties.items()) {
    for (Json& sample : samples(property)) {
      all.push_back(all[0]);
      all.back()[key] = std::move(sample);
    }
  }
  if (schema.contains("propertyNames")) {
    const auto values = samples(schema.at("additionalProperties"));
    const auto names = samples(schema["propertyNames"]);
    all[0][names[0].get<std::string>()] = values[0];
    for (const Json& name : names) all.push_back({{name.get<std::string>(), values[0]}});
    for (const Json& value : values) all.push_back({{names[0].get<std::string>(), value}});
  }
  all.push_back(Json::object());
  std::erase_if(all, [&](const Json& sample) { return !allows(schema, sample); });
  return all;
}

std::vector<Json> JsonSchema::array_samples(const Json& schema) const {
  std::vector<Json> all;
  const auto elements = samples(schema.at("items"));
  for (const Json& element : elements) all.push_back(Json::array({element}));
  all.push_back(elements);
  all.push_back(Json::array());
  std::erase_if(all, [&](const Json& sample) { return !allows(schema, sample); });
  return all;
}

std::vector<const Json*> JsonSchema::branches(const Json& schema) const {
  if (schema.contains("$ref")) return branches(target(schema));
  if (!schema.contains("anyOf")) return {&schema};
  std::vector<const Json*> all;
  for (const Json& branch : schema["anyOf"]) {
    for (const Json* one : branches(branch)) all.push_back(one);
  }
  return all;
}

std::set<std::string> JsonSchema::keys_at(const Json::json_pointer& place) const {
  std::vector<std::string> steps;
  for (auto rest = place; !rest.empty(); rest.pop_back()) steps.insert(steps.begin(), rest.back());
  std::vector<const Json*> here = branches(root_);
  for (const std::string& step : steps) {
    std::vector<const Json*> next;
    for (const Json* schema : here) {
      const Json* inner = nullptr;
      if (schema->contains("properties") && schema->at("properties").contains(step)) {
        inner = &schema->at("properties").at(step);
      } else if (schema->contains("propertyNames")) {
        inner = &schema->at("additionalProperties");
      } else if (schema->contains("items")) {
        inner = &schema->at("items");
      }
      if (inner == nullptr) continue;
      for (const Json* branch : branches(*inner)) next.push_back(branch);
    }
    here = std::move(next);
  }
  std::set<std::string> keys;
  for (const Json* schema : here) {
    if (schema->contains("properties")) keys.merge(keys_of(schema->at("properties")));
  }
  return keys;
}

std::set<std::set<std::string>> JsonSchema::all_key_sets() const {
  std::set<std::set<std::string>> sets;
  const auto collect = [&](const auto& self, const Json& value) -> void {
    if (value.is_object() && value.contains("additionalProperties") &&
        value["additionalProperties"] == false) {
      sets.insert(keys_of(value.at("properties")));
    }
    if (!value.is_structured()) return;
    for (const Json& inner : value) self(self, inner);
  };
  collect(collect, root_);
  return sets;
}

}  // namespace berth::test
