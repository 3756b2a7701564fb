// The schemata file as a value: resource -> domain -> number. Cache masks are read as hexadecimal,
// bandwidth as decimal; padding and order (which differ between kernels) do not matter.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::rdt {

// Domain (resctrl cache id) -> capacity bitmask or bandwidth figure, ascending. A map in one piece:
// with a node for each domain, making them was what a decision spent most of its time on.
class DomainValues {
 public:
  using Entry = std::pair<unsigned, uint64_t>;
  using const_iterator = std::vector<Entry>::const_iterator;

  DomainValues() = default;
  DomainValues(std::initializer_list<Entry> entries);

  const_iterator begin() const { return entries_.begin(); }
  const_iterator end() const { return entries_.end(); }
  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }
  const_iterator find(unsigned domain) const;
  uint64_t at(unsigned domain) const;  // throws std::out_of_range
  uint64_t& operator[](unsigned domain);
  // False where the domain has a value, which it keeps.
  bool insert(unsigned domain, uint64_t value);
  bool operator==(const DomainValues&) const = default;

 private:
  std::vector<Entry> entries_;
};

struct Schemata {
  std::map<std::string, DomainValues, std::less<>> resources;  // `L3`, `L3CODE`, `L2`, `MB`, ...
  bool operator==(const Schemata&) const = default;
};

// True for L2, L3 and their CODE and DATA halves: hexadecimal masks.
bool is_cache_resource(std::string_view resource);

// Both kernels' formats: padded (`    L3:0=7ff;1=7ff`, `    MB:0= 40;1=100`, up to 6.12) and
// unpadded (6.18). Throws Error naming the line.
Schemata parse_schemata(std::string_view text);

// One line for each resource, each ended by a newline: what one write(2) to `schemata` takes as one
// transaction (all lines or none, fs/resctrl/ctrlmondata.c).
std::string format_schemata(const Schemata& schemata);

// True where every domain that `wanted` names has that value in `actual`.
bool contains(const Schemata& actual, const Schemata& wanted);

}  // namespace berth::rdt
