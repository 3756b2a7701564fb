// A JSON value that knows where it stands, so that every error names the file and the exact key
// path: `config.json: process.rlimits[2].type: 'RLIMIT_FOO' is not a resource limit`.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"

namespace berth {

// A value of a file in quotes, on one line and not too long: it may be hostile.
std::string in_quotes(std::string_view value);

// Refers to its parent: a node must not outlive the one it was got from. The path is put together
// only when there is something to complain about.
class JsonNode {
 public:
  // `document` heads every message. It and the JSON must outlive the node.
  JsonNode(const nlohmann::json& root, std::string_view document) : value_(&root), key_(document) {}

  // A property of an object; nothing where it is absent or null (Go writes null for empty). Of the
  // same name in other cases where there is none of exactly that name: so Go reads JSON, and files
  // are written for it.
  std::optional<JsonNode> find(std::string_view key) const&;
  std::optional<JsonNode> find(std::string_view key) && = delete;
  // As find; an absent property is an error.
  JsonNode at(std::string_view key) const&;
  JsonNode at(std::string_view key) && = delete;
  // An object with a property that is none of these is an error, which names them.
  void allow_only(std::initializer_list<std::string_view> keys) const;

  std::vector<JsonNode> elements() const&;    // of an array
  std::vector<JsonNode> properties() const&;  // of an object
  std::vector<JsonNode> present() const&;     // of those the ones that are not null
  std::string_view key() const { return key_; }

  bool is_object() const;
  bool is_array() const;
  std::string string() const;         // without NUL: it ends in system calls
  std::string absolute_path() const;  // a string that starts with '/'
  bool boolean() const;
  template <std::integral T>
  T integer(T min = std::numeric_limits<T>::min(), T max = std::numeric_limits<T>::max()) const {
    if (const auto number = integer_within(min, max)) return *number;
    fail_integer(std::to_string(min), std::to_string(max));
  }
  // Nothing where it is something else than a whole number within these bounds.
  template <std::integral T>
  std::optional<T> integer_within(T min, T max) const;
  // What the word stands for; any other string is an error that names them all.
  template <class T>
  T one_of(std::initializer_list<std::pair<std::string_view, T>> words) const;
  std::vector<std::string> strings() const;
  std::map<std::string, std::string> string_map() const;
  std::string text() const;  // as JSON, to be shown

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

  // `DOCUMENT: PATH: what`.
  [[noreturn]] void fail(std::string_view what) const;
  // `DOCUMENT: PATH: 'value' what`, for a string.
  [[noreturn]] void fail_value(std::string_view what) const;
  // The same about a property that is not there.
  [[noreturn]] void fail_absent(std::string_view key, std::string_view what) const;
  std::string path() const;

 private:
  JsonNode(const nlohmann::json& value, std::string_view key, size_t index, const JsonNode* parent)
      : value_(&value), key_(key), index_(index), parent_(parent) {}
  [[noreturn]] void fail_type(std::string_view expected) const;
  [[noreturn]] void fail_integer(const std::string& min, const std::string& max) const;
  void expect_object() const;
  std::string_view document() const { return parent_ == nullptr ? key_ : parent_->document(); }
  // Nothing where it is no whole number of that range.
  std::optional<int64_t> as_signed() const;
  std::optional<uint64_t> as_unsigned() const;

  static constexpr size_t kNoIndex = std::numeric_limits<size_t>::max();
  const nlohmann::json* value_;
  std::string_view key_;  // the root's is the document's name
  size_t index_ = kNoIndex;
  const JsonNode* parent_ = nullptr;
};

template <std::integral T>
std::optional<T> JsonNode::integer_within(T min, T max) const {
  const auto in_bounds = [&](const auto& number) {
    return number && *number >= min && *number <= max ? std::optional(static_cast<T>(*number))
                                                      : std::nullopt;
  };
  if constexpr (std::is_signed_v<T>) {
    return in_bounds(as_signed());
  } else {
    return in_bounds(as_unsigned());
  }
}

template <class T>
T JsonNode::one_of(std::initializer_list<std::pair<std::string_view, T>> words) const {
  const std::string text = string();
  std::string allowed;
  for (const auto& [word, value] : words) {
    if (text == word) return value;
    allowed.append(allowed.empty() ? "" : ", ").append(word);
  }
  fail_value("is not one of " + allowed);
}

}  // namespace berth
