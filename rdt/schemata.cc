#include "rdt/schemata.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "base/error.h"
#include "rdt/way_mask.h"

namespace berth::rdt {

namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// The part before `separator`, which is taken off `rest` together with it.
std::string_view next_part(std::string_view& rest, char separator) {
  const size_t at = rest.find(separator);
  const std::string_view part = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return part;
}

template <class T>
T parse_decimal(std::string_view text, std::string_view line) {
  T value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) throw Error("read schemata line", line, EINVAL);
  return value;
}

uint64_t parse_value(std::string_view text, bool is_mask, std::string_view line) {
  if (!is_mask) return parse_decimal<uint64_t>(text, line);
  try {
    return WayMask::parse(text).bits();
  } catch (const Error& e) {
    throw Error("read schemata line", line, e.code());
  }
}

DomainValues parse_domains(std::string_view list, bool is_mask, std::string_view line) {
  DomainValues values;
  // What a group being set up for pseudo-locking has instead of masks.
  if (trim(list) == "uninitialized") return values;
  while (!list.empty()) {
    std::string_view value = next_part(list, ';');
    if (trim(value).empty() && list.empty()) break;
    const auto id = parse_decimal<unsigned>(trim(next_part(value, '=')), line);
    if (!values.insert(id, parse_value(trim(value), is_mask, line))) {
      throw Error("read schemata line", line, EEXIST);
    }
  }
  return values;
}

}  // namespace

constexpr size_t kUsual = 8;

DomainValues::DomainValues(std::initializer_list<Entry> entries) {
  for (const auto& [domain, value] : entries) (*this)[domain] = value;
}

DomainValues::const_iterator DomainValues::find(unsigned domain) const {
  const auto found = std::ranges::lower_bound(entries_, domain, {}, &Entry::first);
  return found != entries_.end() && found->first == domain ? found : entries_.end();
}

uint64_t DomainValues::at(unsigned domain) const {
  const auto found = find(domain);
  if (found == end()) throw std::out_of_range("no such domain");
  return found->second;
}

uint64_t& DomainValues::operator[](unsigned domain) {
  if (entries_.empty()) entries_.reserve(kUsual);
  // They mostly come in order.
  if (entries_.empty() || entries_.back().first < domain) {
    return entries_.emplace_back(domain, 0).second;
  }
  const auto at = std::ranges::lower_bound(entries_, domain, {}, &Entry::first);
  return at->first == domain ? at->second : entries_.emplace(at, domain, 0)->second;
}

bool DomainValues::insert(unsigned domain, uint64_t value) {
  if (find(domain) != end()) return false;
  (*this)[domain] = value;
  return true;
}

bool is_cache_resource(std::string_view resource) {
  if (!resource.starts_with("L2") && !resource.starts_with("L3")) return false;
  const std::string_view half = resource.substr(2);
  return half.empty() || half == "CODE" || half == "DATA";
}

Schemata parse_schemata(std::string_view text) {
  Schemata schemata;
  while (!text.empty()) {
    const std::string_view line = trim(next_part(text, '\n'));
    if (line.empty()) continue;
    std::string_view values = line;
    const std::string name(trim(next_part(values, ':')));
    if (name.empty() || name.size() == line.size()) {
      throw Error("read schemata line", line, EINVAL);
    }
    schemata.resources[name] = parse_domains(values, is_cache_resource(name), line);
  }
  return schemata;
}

std::string format_schemata(const Schemata& schemata) {
  std::string text;
  for (const auto& [name, domains] : schemata.resources) {
    if (domains.empty()) continue;
    text += name;
    char separator = ':';
    for (const auto& [id, value] : domains) {
      text += separator;
      text += std::to_string(id) + '=';
      text += is_cache_resource(name) ? WayMask(value).to_hex() : std::to_string(value);
      separator = ';';
    }
    text += '\n';
  }
  return text;
}

bool contains(const Schemata& actual, const Schemata& wanted) {
  return std::ranges::all_of(wanted.resources, [&](const auto& wanted_line) {
    const auto& [name, values] = wanted_line;
    const auto found = actual.resources.find(name);
    return values.empty() ||
           (found != actual.resources.end() && std::ranges::all_of(values, [&](const auto& entry) {
              const auto domain = found->second.find(entry.first);
              return domain != found->second.end() && domain->second == entry.second;
            }));
  });
}

}  // namespace berth::rdt
