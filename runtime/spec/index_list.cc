// The kernel's list format of CPUs and memory nodes (cpuset(7)): `0-3,8`.
#include <algorithm>
#include <charconv>
#include <utility>

#include "runtime/spec/areas.h"
#include "runtime/spec/index_list.h"

namespace berth::runtime::spec {
namespace {

// More than any kernel has CPUs or nodes; what is larger would only cost memory.
constexpr unsigned kLargest = 65535;

// Takes a number off the front.
std::optional<unsigned> take_number(std::string_view& text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value > kLargest) return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

bool take(std::string_view& text, char character) {
  if (!text.starts_with(character)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<std::vector<unsigned>> index_list(std::string_view text) {
  std::vector<unsigned> list;
  while (!text.empty()) {
    const auto first = take_number(text);
    const auto last = first && take(text, '-') ? take_number(text) : first;
    const bool more = take(text, ',');
    if (!first || !last || *last < *first || more == text.empty()) return std::nullopt;
    for (unsigned i = *first; i <= *last; ++i) list.push_back(i);
  }
  std::ranges::sort(list);
  const auto doubles = std::ranges::unique(list);
  list.erase(doubles.begin(), doubles.end());
  return list;
}

std::string parse_kernel_list(const Node& parent, std::string_view key) {
  const auto node = parent.find(key);
  if (!node) return {};
  std::string text = node->string();
  const bool plain = text.find_first_of(":N") == std::string::npos;
  const bool possible = text.find_first_not_of("0123456789-,:/N") == std::string::npos;
  if (plain ? !index_list(text) : !possible) {
    node->fail_value("is not a list of numbers, as '0-3,8' is");
  }
  return text;
}

std::vector<unsigned> parse_index_list(const Node& node) {
  auto list = index_list(node.string());
  if (!list) node.fail_value("is not a list of numbers, as '0-3,8' is");
  return std::move(*list);
}

}  // namespace berth::runtime::spec
