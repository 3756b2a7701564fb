// Strict reading of a JSON object: every key is asked for by name, what was not asked for is an
// error, and every message has the exact key path: `policy.json: l3.floorWays: expected a whole
// number from 1 up`.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace berth::launcher {

class JsonReader {
 public:
  // `name` heads every message; `path` is the key path so far. The JSON must outlive the reader.
  JsonReader(const nlohmann::json& json, std::string name, std::string path = {});

  // Each gives nothing (or the fallback) where the key is absent, and throws where its value is of
  // another kind.
  std::optional<std::string> text(const std::string& key);
  std::optional<int64_t> positive(const std::string& key);
  std::optional<int64_t> integer(const std::string& key);
  bool boolean(const std::string& key, bool fallback);
  std::string absolute_path(const std::string& key, std::optional<std::string> fallback = {});
  std::vector<std::string> strings(const std::string& key);
  // Strings of which each must be one of `allowed`.
  std::vector<std::string> strings_of(const std::string& key,
                                      const std::vector<std::string>& allowed);
  std::optional<JsonReader> object(const std::string& key);
  std::vector<JsonReader> objects(const std::string& key);

  template <class Enum>
  Enum one_of(const std::string& key, Enum fallback,
              std::initializer_list<std::pair<const char*, Enum>> allowed) {
    const auto value = text(key);
    if (!value) return fallback;
    std::string names;
    for (const auto& [word, result] : allowed) {
      if (*value == word) return result;
      names += (names.empty() ? "" : ", ") + std::string(word);
    }
    throw refuse(key, "'" + *value + "' is not one of " + names);
  }

  // An error about `key` to be thrown.
  Error refuse(const std::string& key, const std::string& why) const;
  // Throws for a key that nobody asked for.
  void done() const;

 private:
  const nlohmann::json* find(const std::string& key);
  std::string path_of(const std::string& key) const;
  const nlohmann::json* json_;
  std::string name_, path_;
  std::set<std::string> seen_;
};

// `NAME: line 3, column 7: not valid JSON` for the byte at which a parser stopped (counted from 1).
std::string describe_parse_error(std::string_view text, size_t byte, std::string_view name);

}  // namespace berth::launcher
