#include "runtime/systemd/annotations.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "runtime/systemd/value_text.h"

namespace berth::runtime::systemd {
namespace {

constexpr std::string_view kPrefix = "org.systemd.property.";
constexpr std::string_view kSeconds = "Sec";
constexpr uint64_t kMicroseconds = 1'000'000;  // in a second

bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

// `RuntimeMaxSec`; not `RuntimeMaxUSec`, which is in microseconds already.
bool is_in_seconds(std::string_view name) {
  if (!name.ends_with(kSeconds) || name.size() == kSeconds.size()) return false;
  return std::islower(static_cast<unsigned char>(name[name.size() - kSeconds.size() - 1])) != 0;
}

uint64_t as_microseconds(const Value& value) {
  uint64_t seconds = 0;
  if (const auto* const natural = std::get_if<uint64_t>(&value.basic)) {
    seconds = *natural;
  } else if (const auto* const whole = std::get_if<int64_t>(&value.basic); whole && *whole >= 0) {
    seconds = static_cast<uint64_t>(*whole);
  } else if (const auto* const real = std::get_if<double>(&value.basic);
             real && *real >= 0 && *real < 1e12) {
    return static_cast<uint64_t>(*real * static_cast<double>(kMicroseconds));
  } else {
    throw Error("it is not a number of seconds");
  }
  if (seconds > std::numeric_limits<uint64_t>::max() / kMicroseconds) {
    throw Error("it is more seconds than there are");
  }
  return seconds * kMicroseconds;
}

Property property(std::string name, std::string_view text) {
  if (name.size() < 3 || !std::ranges::all_of(name, is_letter)) {
    throw Error("a property's name is three letters or more, and nothing but letters");
  }
  Value value = parse_value(text);
  if (is_in_seconds(name)) {
    value = unsigned_64(as_microseconds(value));
    name.insert(name.size() - kSeconds.size(), "U");
  }
  return {.name = std::move(name), .value = std::move(value)};
}

}  // namespace

std::vector<Property> annotated_properties(const std::map<std::string, std::string>& annotations) {
  std::vector<Property> list;
  for (const auto& [key, text] : annotations) {
    if (!key.starts_with(kPrefix)) continue;
    try {
      list.push_back(property(key.substr(kPrefix.size()), text));
    } catch (const Error& e) {
      throw e.within("config.json: annotations." + key + ": '" + text + "'");
    }
  }
  return list;
}

}  // namespace berth::runtime::systemd
