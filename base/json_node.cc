#include "base/json_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/one_line.h"

namespace berth {

using nlohmann::json;

namespace {

// Whatever the locale.
char lower_case(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string in_quotes(std::string_view value) {
  constexpr size_t kLongest = 200;
  return "'" + one_line(value.substr(0, kLongest)) + (value.size() > kLongest ? "...'" : "'");
}

std::string JsonNode::path() const {
  if (parent_ == nullptr) return {};
  std::string path = parent_->path();
  if (index_ != kNoIndex) return path + fmt::format("[{}]", index_);
  const std::string name = in_quotes(key_);
  return path + (path.empty() ? "" : ".") + name.substr(1, name.size() - 2);
}

void JsonNode::fail(std::string_view what) const {
  const std::string where = path();
  throw Error(fmt::format("{}: {}{}{}", document(), where, where.empty() ? "" : ": ", what));
}

void JsonNode::fail_value(std::string_view what) const {
  fail(in_quotes(value_->get_ref<const std::string&>()) + " " + std::string(what));
}

void JsonNode::fail_absent(std::string_view key, std::string_view what) const {
  static const json absent;
  JsonNode(absent, key, kNoIndex, this).fail(what);
}

void JsonNode::fail_integer(const std::string& min, const std::string& max) const {
  if (!value_->is_number_integer()) fail_type("a whole number");
  fail(value_->dump() + " is not between " + min + " and " + max);
}

void JsonNode::fail_type(std::string_view expected) const {
  const char* found = value_->is_object()    ? "an object"
                      : value_->is_array()   ? "an array"
                      : value_->is_number()  ? "a number"
                      : value_->is_string()  ? "a string"
                      : value_->is_boolean() ? "a boolean"
                                             : "null";
  fail(fmt::format("expected {}, found {}", expected, found));
}

void JsonNode::expect_object() const {
  if (!value_->is_object()) fail_type("an object");
}

std::optional<JsonNode> JsonNode::find(std::string_view key) const& {
  expect_object();
  const auto& object = value_->get_ref<const json::object_t&>();
  auto found = object.find(key);
  if (found == object.end()) {
    found = std::ranges::find_if(object, [&](const auto& property) {
      return std::ranges::equal(property.first, key, {}, lower_case, lower_case);
    });
  }
  if (found == object.end() || found->second.is_null()) return std::nullopt;
  return JsonNode(found->second, found->first, kNoIndex, this);
}

JsonNode JsonNode::at(std::string_view key) const& {
  if (const auto node = find(key)) return *node;
  fail_absent(key, "missing");
}

void JsonNode::allow_only(std::initializer_list<std::string_view> keys) const {
  for (const JsonNode& property : properties()) {
    if (std::ranges::find(keys, property.key()) != keys.end()) continue;
    property.fail(fmt::format("unknown key; allowed are {}", fmt::join(keys, ", ")));
  }
}

std::vector<JsonNode> JsonNode::elements() const& {
  if (!value_->is_array()) fail_type("an array");
  std::vector<JsonNode> nodes;
  nodes.reserve(value_->size());
  for (const json& element : *value_) nodes.push_back(JsonNode(element, {}, nodes.size(), this));
  return nodes;
}

std::vector<JsonNode> JsonNode::properties() const& {
  expect_object();
  std::vector<JsonNode> nodes;
  nodes.reserve(value_->size());
  for (const auto& [key, value] : value_->get_ref<const json::object_t&>()) {
    nodes.push_back(JsonNode(value, key, kNoIndex, this));
  }
  return nodes;
}

std::vector<JsonNode> JsonNode::present() const& {
  std::vector<JsonNode> nodes = properties();
  std::erase_if(nodes, [](const JsonNode& node) { return node.value_->is_null(); });
  return nodes;
}

bool JsonNode::is_object() const {
  return value_->is_object();
}

bool JsonNode::is_array() const {
  return value_->is_array();
}

std::string JsonNode::string() const {
  if (!value_->is_string()) fail_type("a string");
  auto text = value_->get<std::string>();
  if (text.find('\0') != std::string::npos) fail_value("contains a NUL character");
  return text;
}

std::string JsonNode::absolute_path() const {
  std::string path = string();
  if (!path.starts_with('/')) fail_value("is not an absolute path");
  return path;
}

std::string JsonNode::text() const {
  return value_->dump();
}

std::optional<int64_t> JsonNode::as_signed() const {
  if (!value_->is_number_integer()) return std::nullopt;
  if (value_->is_number_unsigned() && !std::in_range<int64_t>(value_->get_ref<const uint64_t&>())) {
    return std::nullopt;
  }
  return value_->get<int64_t>();
}

std::optional<uint64_t> JsonNode::as_unsigned() const {
  if (!value_->is_number_integer()) return std::nullopt;
  if (!value_->is_number_unsigned() && value_->get_ref<const int64_t&>() < 0) return std::nullopt;
  return value_->get<uint64_t>();
}

bool JsonNode::boolean() const {
  if (!value_->is_boolean()) fail_type("a boolean");
  return value_->get<bool>();
}

std::vector<std::string> JsonNode::strings() const {
  if (!value_->is_array()) fail_type("an array of strings");
  std::vector<std::string> list;
  list.reserve(value_->size());
  for (const JsonNode& element : elements()) list.push_back(element.string());
  return list;
}

std::map<std::string, std::string> JsonNode::string_map() const {
  std::map<std::string, std::string> map;
  for (const JsonNode& property : properties()) {
    if (property.key().find('\0') != std::string_view::npos) {
      property.fail("the name contains a NUL character");
    }
    map.emplace(property.key(), property.string());
  }
  return map;
}

std::string JsonNode::string_or(std::string_view key, std::string fallback) const {
  const auto node = find(key);
  return node ? node->string() : std::move(fallback);
}

bool JsonNode::boolean_or(std::string_view key, bool fallback) const {
  const auto node = find(key);
  return node ? node->boolean() : fallback;
}

std::vector<std::string> JsonNode::strings_or_none(std::string_view key) const {
  const auto node = find(key);
  return node ? node->strings() : std::vector<std::string>{};
}

}  // namespace berth
