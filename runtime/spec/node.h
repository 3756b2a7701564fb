// A JSON value that knows where it stands, so that every error names its exact key path. Private to
// this folder: nobody else sees the JSON library.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace berth::runtime::spec {

// A value of the file in quotes, on one line and not too long: it may be hostile.
std::string in_quotes(std::string_view value);

// Refers to its parent: a Node must not outlive the one it was got from. The path is put together
// only when there is something to complain about.
class Node {
 public:
  explicit Node(const nlohmann::json& root) : value_(&root) {}

  // A property of an object; nothing where it is absent or null (Go writes null for empty).
  std::optional<Node> find(std::string_view key) const&;
  std::optional<Node> find(std::string_view key) && = delete;
  // As find; an absent property is an error.
  Node at(std::string_view key) const&;
  Node at(std::string_view key) && = delete;

  std::vector<Node> elements() const&;    // of an array
  std::vector<Node> properties() const&;  // of an object
  std::string_view key() const { return key_; }

  std::string string() const;  // without NUL: it ends in system calls
  bool boolean() const;
  template <std::integral T>
  T integer(T min = std::numeric_limits<T>::min(), T max = std::numeric_limits<T>::max()) const;
  std::vector<std::string> strings() const;
  std::map<std::string, std::string> string_map() const;

  // Shorter forms for properties that may be absent.
  std::string string_or(std::string_view key, std::string fallback) const;
  bool boolean_or(std::string_view key, bool fallback) const;
  std::vector<std::string> strings_or_none(std::string_view key) const;
  template <std::integral T>
  std::optional<T> integer_if(std::string_view key, T min = std::numeric_limits<T>::min(),
                              T max = std::numeric_limits<T>::max()) const {
    const auto node = find(key);
    return node ? std::optional(node->integer<T>(min, max)) : std::nullopt;
  }

  // `config.json: PATH: what`.
  [[noreturn]] void fail(std::string_view what) const;
  // `config.json: PATH: 'value' what`, for a string.
  [[noreturn]] void fail_value(std::string_view what) const;
  std::string path() const;

 private:
  Node(const nlohmann::json& value, std::string_view key, size_t index, const Node* parent)
      : value_(&value), key_(key), index_(index), parent_(parent) {}
  [[noreturn]] void fail_type(std::string_view expected) const;
  void expect_object() const;

  static constexpr size_t kNoIndex = std::numeric_limits<size_t>::max();
  const nlohmann::json* value_;
  std::string_view key_;
  size_t index_ = kNoIndex;
  const Node* parent_ = nullptr;
};

template <std::integral T>
T Node::integer(T min, T max) const {
  if (!value_->is_number_integer()) fail_type("a whole number");
  const bool fits = value_->is_number_unsigned()
                        ? std::in_range<T>(value_->get_ref<const uint64_t&>())
                        : std::in_range<T>(value_->get_ref<const int64_t&>());
  if (fits) {
    const T number = value_->get<T>();
    if (number >= min && number <= max) return number;
  }
  fail(value_->dump() + " is not between " + std::to_string(min) + " and " + std::to_string(max));
}

}  // namespace berth::runtime::spec
