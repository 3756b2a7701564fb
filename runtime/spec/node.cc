#include "runtime/spec/node.h"

#include <fmt/format.h>

namespace berth::runtime::spec {

using nlohmann::json;

std::string in_quotes(std::string_view value) {
  constexpr size_t kLongest = 200;
  std::string text = "'";
  for (const char c : value.substr(0, kLongest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text += c;
    }
  }
  return text + (value.size() > kLongest ? "...'" : "'");
}

std::string Node::path() const {
  if (parent_ == nullptr) return {};
  std::string path = parent_->path();
  if (index_ != kNoIndex) return path + fmt::format("[{}]", index_);
  const std::string name = in_quotes(key_);
  return path + (path.empty() ? "" : ".") + name.substr(1, name.size() - 2);
}

void Node::fail(std::string_view what) const {
  const std::string where = path();
  throw Error(fmt::format("config.json: {}{}{}", where, where.empty() ? "" : ": ", what));
}

void Node::fail_value(std::string_view what) const {
  fail(in_quotes(value_->get_ref<const std::string&>()) + " " + std::string(what));
}

void Node::fail_type(std::string_view expected) const {
  const char* found = value_->is_object()    ? "an object"
                      : value_->is_array()   ? "an array"
                      : value_->is_number()  ? "a number"
                      : value_->is_string()  ? "a string"
                      : value_->is_boolean() ? "a boolean"
                                             : "null";
  fail(fmt::format("expected {}, found {}", expected, found));
}

void Node::expect_object() const {
  if (!value_->is_object()) fail_type("an object");
}

std::optional<Node> Node::find(std::string_view key) const& {
  expect_object();
  const auto found = value_->find(key);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  return Node(*found, found.key(), kNoIndex, this);
}

Node Node::at(std::string_view key) const& {
  if (const auto node = find(key)) return *node;
  static const json absent;
  Node(absent, key, kNoIndex, this).fail("missing");
}

std::vector<Node> Node::elements() const& {
  if (!value_->is_array()) fail_type("an array");
  std::vector<Node> nodes;
  nodes.reserve(value_->size());
  for (const json& element : *value_) nodes.push_back(Node(element, {}, nodes.size(), this));
  return nodes;
}

std::vector<Node> Node::properties() const& {
  expect_object();
  std::vector<Node> nodes;
  nodes.reserve(value_->size());
  for (const auto& [key, value] : value_->get_ref<const json::object_t&>()) {
    nodes.push_back(Node(value, key, kNoIndex, this));
  }
  return nodes;
}

std::string Node::string() const {
  if (!value_->is_string()) fail_type("a string");
  auto text = value_->get<std::string>();
  if (text.find('\0') != std::string::npos) fail_value("contains a NUL character");
  return text;
}

bool Node::boolean() const {
  if (!value_->is_boolean()) fail_type("a boolean");
  return value_->get<bool>();
}

std::vector<std::string> Node::strings() const {
  if (!value_->is_array()) fail_type("an array of strings");
  std::vector<std::string> list;
  list.reserve(value_->size());
  for (const Node& element : elements()) list.push_back(element.string());
  return list;
}

std::map<std::string, std::string> Node::string_map() const {
  std::map<std::string, std::string> map;
  for (const Node& property : properties()) {
    if (property.key().find('\0') != std::string_view::npos) {
      property.fail("the name contains a NUL character");
    }
    map.emplace(property.key(), property.string());
  }
  return map;
}

std::string Node::string_or(std::string_view key, std::string fallback) const {
  const auto node = find(key);
  return node ? node->string() : std::move(fallback);
}

bool Node::boolean_or(std::string_view key, bool fallback) const {
  const auto node = find(key);
  return node ? node->boolean() : fallback;
}

std::vector<std::string> Node::strings_or_none(std::string_view key) const {
  const auto node = find(key);
  return node ? node->strings() : std::vector<std::string>{};
}

}  // namespace berth::runtime::spec
