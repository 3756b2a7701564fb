// A value with the type that D-Bus gives it, and the property of a unit that it is. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace berth::runtime::systemd {

struct Value {
  std::string signature;  // one complete type (D-Bus specification, "Type System"): `t`, `a(ss)`
  // Of a basic type: every signed integer is an int64_t, every unsigned one a uint64_t.
  std::variant<std::monostate, bool, int64_t, uint64_t, double, std::string> basic;
  std::vector<Value> elements;  // of an array or a struct
  bool operator==(const Value&) const = default;
};

Value boolean(bool value);
Value unsigned_64(uint64_t value);
Value text(std::string value);
Value texts(const std::vector<std::string>& values);  // `as`
Value pids(const std::vector<uint32_t>& numbers);     // `au`
// A set of numbers as a bit mask, the lowest first (`ay`): how systemd takes CPUs and memory nodes.
Value bit_mask(const std::vector<unsigned>& numbers);
// Pairs of texts, `a(ss)`.
Value pairs(const std::vector<std::pair<std::string, std::string>>& list);

inline constexpr uint64_t kInfinity = UINT64_MAX;  // systemd's word for no limit

struct Property {
  std::string name;
  Value value;
  int since = 0;  // systemd's first version that knows it: left out before
  bool operator==(const Property&) const = default;
};

}  // namespace berth::runtime::systemd
