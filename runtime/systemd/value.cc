#include "runtime/systemd/value.h"

#include <algorithm>
#include <utility>

namespace berth::runtime::systemd {
namespace {

Value number(const char* signature, uint64_t value) {
  return {.signature = signature, .basic = value, .elements = {}};
}

Value array(std::string element, std::vector<Value> elements) {
  return {.signature = "a" + std::move(element), .basic = {}, .elements = std::move(elements)};
}

}  // namespace

Value boolean(bool value) {
  return {.signature = "b", .basic = value, .elements = {}};
}

Value unsigned_64(uint64_t value) {
  return number("t", value);
}

Value text(std::string value) {
  return {.signature = "s", .basic = std::move(value), .elements = {}};
}

Value texts(const std::vector<std::string>& values) {
  std::vector<Value> elements;
  for (const std::string& value : values) elements.push_back(text(value));
  return array("s", std::move(elements));
}

Value pids(const std::vector<uint32_t>& numbers) {
  std::vector<Value> elements;
  for (const uint32_t pid : numbers) elements.push_back(number("u", pid));
  return array("u", std::move(elements));
}

Value bit_mask(const std::vector<unsigned>& numbers) {
  std::vector<uint8_t> mask;
  for (const unsigned bit : numbers) {
    mask.resize(std::max<size_t>(mask.size(), bit / 8 + 1));
    mask[bit / 8] = static_cast<uint8_t>(mask[bit / 8] | (1U << bit % 8));
  }
  std::vector<Value> elements;
  for (const uint8_t byte : mask) elements.push_back(number("y", byte));
  return array("y", std::move(elements));
}

Value pairs(const std::vector<std::pair<std::string, std::string>>& list) {
  std::vector<Value> elements;
  for (const auto& [first, second] : list) {
    elements.push_back({.signature = "(ss)", .basic = {}, .elements = {text(first), text(second)}});
  }
  return array("(ss)", std::move(elements));
}

}  // namespace berth::runtime::systemd
