#include "runtime/resources/stat_file.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace berth::runtime::resources {
namespace {

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find_first_of(separators), text.size());
    if (end > 0) parts.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

template <class T>
std::optional<T> whole(std::string_view text) {
  T value{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Named {
  std::string_view name, value;
};
std::optional<Named> assignment(std::string_view word) {
  const size_t equals = word.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  return Named{word.substr(0, equals), word.substr(equals + 1)};
}

std::optional<BlockIoEntry> entry_of(std::string_view device) {
  const auto parts = split(device, ":");
  if (parts.size() != 2) return std::nullopt;
  const auto major = whole<uint64_t>(parts[0]), minor = whole<uint64_t>(parts[1]);
  if (!major || !minor) return std::nullopt;
  return BlockIoEntry{*major, *minor, {}, 0};
}

PressureLine pressure_line(const std::vector<std::string_view>& words) {
  PressureLine line;
  for (const std::string_view word : words) {
    const auto named = assignment(word);
    if (!named) continue;
    if (named->name == "avg10") line.avg10 = whole<double>(named->value).value_or(0);
    if (named->name == "avg60") line.avg60 = whole<double>(named->value).value_or(0);
    if (named->name == "avg300") line.avg300 = whole<double>(named->value).value_or(0);
    if (named->name == "total") line.total = whole<uint64_t>(named->value).value_or(0);
  }
  return line;
}

}  // namespace

std::map<std::string, uint64_t> keyed_numbers(std::string_view text) {
  std::map<std::string, uint64_t> map;
  for (const std::string_view line : split(text, "\n")) {
    const auto words = split(line, " ");
    if (words.size() != 2) continue;
    if (const auto value = whole<uint64_t>(words[1])) map.emplace(words[0], *value);
  }
  return map;
}

uint64_t number(std::string_view text) {
  const auto words = split(text, " \n");
  if (words.empty()) return 0;
  if (words[0] == "max") return UINT64_MAX;
  return whole<uint64_t>(words[0]).value_or(0);
}

std::vector<uint64_t> numbers(std::string_view text) {
  std::vector<uint64_t> list;
  for (const std::string_view word : split(text, " \n")) {
    if (const auto value = whole<uint64_t>(word)) list.push_back(*value);
  }
  return list;
}

std::vector<uint16_t> listed(std::string_view text) {
  std::vector<uint16_t> list;
  for (const std::string_view range : split(text, ",\n")) {
    const auto ends = split(range, "-");
    const auto first = ends.empty() ? std::nullopt : whole<uint16_t>(ends.front());
    const auto last = ends.empty() ? std::nullopt : whole<uint16_t>(ends.back());
    if (!first || !last) continue;
    for (unsigned at = *first; at <= *last; ++at) list.push_back(static_cast<uint16_t>(at));
  }
  return list;
}

Pressure pressure(std::string_view text) {
  Pressure pressure;
  for (const std::string_view line : split(text, "\n")) {
    const auto words = split(line, " ");
    if (words.empty()) continue;
    if (words[0] == "some") pressure.some = pressure_line(words);
    if (words[0] == "full") pressure.full = pressure_line(words);
  }
  return pressure;
}

std::vector<BlockIoEntry> v1_block_io(std::string_view text) {
  std::vector<BlockIoEntry> list;
  for (const std::string_view line : split(text, "\n")) {
    const auto words = split(line, " ");
    if (words.size() != 3) continue;
    auto entry = entry_of(words[0]);
    const auto value = whole<uint64_t>(words[2]);
    if (!entry || !value) continue;
    entry->op = words[1];
    entry->value = *value;
    list.push_back(std::move(*entry));
  }
  return list;
}

void read_io_stat(std::string_view text, BlockIoStats& stats) {
  for (const std::string_view line : split(text, "\n")) {
    const auto words = split(line, " ");
    const auto device = words.empty() ? std::nullopt : entry_of(words[0]);
    if (!device) continue;
    for (const std::string_view word : words) {
      const auto named = assignment(word);
      const auto value = named ? whole<uint64_t>(named->value) : std::nullopt;
      if (!value || named->name.empty()) continue;
      BlockIoEntry entry = *device;
      entry.op = named->name[0] == 'r' ? "Read" : named->name[0] == 'w' ? "Write" : "Discard";
      entry.value = *value;
      const std::string_view unit = named->name.substr(1);
      if (unit == "bytes")
        stats.bytes.push_back(std::move(entry));
      else if (unit == "ios")
        stats.operations.push_back(std::move(entry));
    }
  }
}

}  // namespace berth::runtime::resources
