#include "launcher/imagined_rdt.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>

#include "base/error.h"

namespace berth::launcher {
namespace {

constexpr unsigned kMostWays = 32;  // the kernel's masks have as many bits

struct Number {
  const char* name;
  unsigned least, most;
  unsigned value;
};

struct Described {
  // clang-format off
  std::array<Number, 7> numbers{{
      {"ways", 1, kMostWays, 11},
      {"closids", 2, 1024, 16},
      {"min", 1, kMostWays, 1},
      {"l2", 1, kMostWays, 0},
      {"l2-closids", 2, 1024, 8},
      {"mb", 2, 1024, 0},
      {"rmids", 0, 65536, 64},
  }};
  // clang-format on
  rdt::WayMask io;
  bool sparse = false, cdp = false;

  unsigned operator[](std::string_view name) const {
    return std::ranges::find(numbers, name, &Number::name)->value;
  }
};

[[noreturn]] void refuse(std::string_view part, const std::string& allowed) {
  throw Error(fmt::format("--rdt: '{}': allowed is {}", part, allowed));
}

std::string names(const Described& described) {
  std::string list;
  for (const Number& number : described.numbers) list += fmt::format("{}=N, ", number.name);
  return list + "io=HEX, sparse and cdp";
}

void take_number(std::string_view part, std::string_view text, Number& number) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || value < number.least || value > number.most) {
    refuse(part, fmt::format("{} to {}", number.least, number.most));
  }
  number.value = value;
}

void take_io(std::string_view part, std::string_view text, Described& described) {
  try {
    described.io = rdt::WayMask::parse(text);
  } catch (const Error&) {
    refuse(part, "a mask in hexadecimal, such as c0001");
  }
}

void take(std::string_view part, Described& described) {
  const size_t equals = part.find('=');
  const std::string_view name = part.substr(0, equals);
  const bool bare = equals == std::string_view::npos;
  const std::string_view text = bare ? std::string_view() : part.substr(equals + 1);
  const auto number = std::ranges::find(described.numbers, name, &Number::name);
  if (number != described.numbers.end() && !bare) return take_number(part, text, *number);
  if (name == "io" && !bare) return take_io(part, text, described);
  if (part == "sparse" || part == "cdp") {
    (part == "cdp" ? described.cdp : described.sparse) = true;
    return;
  }
  refuse(part, names(described));
}

Described parse(std::string_view text) {
  Described described;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    take(text.substr(0, comma), described);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  if (!rdt::WayMask::run(0, described["ways"]).contains(described.io)) {
    refuse("io=" + described.io.to_hex(), fmt::format("a mask of the {} ways", described["ways"]));
  }
  if (described["min"] > described["ways"]) {
    refuse(fmt::format("min={}", described["min"]), fmt::format("1 to {}", described["ways"]));
  }
  return described;
}

template <class Domains>
std::vector<unsigned> ids_of(const Domains& domains) {
  std::vector<unsigned> ids;
  for (const auto& domain : domains) {
    if (domain.cache_id) ids.push_back(*domain.cache_id);
  }
  std::ranges::sort(ids);
  return ids;
}

}  // namespace

rdt::Capability imagined_rdt(std::string_view text, const topology::Machine& machine) {
  const Described described = parse(text);
  rdt::Capability capability;
  rdt::CacheCapability l3;
  l3.full = rdt::WayMask::run(0, described["ways"]);
  l3.shareable = described.io;
  l3.min_ways = described["min"];
  l3.num_closids = described["closids"] / (described.cdp ? 2 : 1);
  l3.sparse = described.sparse;
  l3.code_data = described.cdp;
  l3.domains = ids_of(machine.l3());
  unsigned closids = l3.num_closids;
  capability.caches.l3 = std::move(l3);
  if (described["l2"] > 0) {
    rdt::CacheCapability l2;
    l2.full = rdt::WayMask::run(0, described["l2"]);
    l2.num_closids = described["l2-closids"];
    l2.domains = ids_of(machine.l2());
    closids = std::min(closids, l2.num_closids);
    capability.caches.l2 = std::move(l2);
  }
  if (described["mb"] > 0) {
    rdt::BandwidthCapability mb;
    mb.min = mb.granularity = 10;
    mb.num_closids = described["mb"];
    mb.domains = capability.caches.l3->domains;
    closids = std::min(closids, mb.num_closids);
    capability.throttles.mb = std::move(mb);
  }
  if (described["rmids"] > 0) {
    capability.monitor = rdt::MonitorCapability{described["rmids"], {}};
  }
  capability.max_groups = closids > 0 ? closids - 1 : 0;
  return capability;
}

}  // namespace berth::launcher
