// As much of JSON Schema (draft 2020-12) as etc/policy.schema.json uses, to hold it against the
// program: whether it allows a value, and values that it should allow.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace berth::test {

class JsonSchema {
 public:
  using Json = nlohmann::json;

  // Throws std::runtime_error later, where it comes upon a keyword that it does not know.
  explicit JsonSchema(Json schema) : root_(std::move(schema)) {}

  bool allows(const Json& value) const { return allows(root_, value); }
  // Valid values; each enum value, example, bound and branch is in one of them at least, and the
  // first one has every property.
  std::vector<Json> samples() const { return samples(root_); }

  // Of the objects that `place` may be, the keys that they are limited to; none where it has a
  // free choice.
  std::set<std::string> keys_at(const Json::json_pointer& place) const;
  // The same of every object in the schema, wherever it is.
  std::set<std::set<std::string>> all_key_sets() const;

 private:
  bool allows(const Json& schema, const Json& value) const;
  bool allows_object(const Json& schema, const Json& value) const;
  bool allows_array(const Json& schema, const Json& value) const;
  bool matches(const std::string& pattern, const std::string& text) const;
  std::vector<Json> samples(const Json& schema) const;
  std::vector<Json> object_samples(const Json& schema) const;
  std::vector<Json> array_samples(const Json& schema) const;
  const Json& target(const Json& schema) const;  // of `$ref`
  // Itself, or all that it may be by `$ref` and `anyOf`.
  std::vector<const Json*> branches(const Json& schema) const;

  Json root_;
  mutable std::map<std::string, std::regex> patterns_;
};

}  // namespace berth::test
