#include "bench/cache/workload.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/error.h"

namespace berth::cache_bench {
namespace {

constexpr std::array<std::pair<VictimKind, std::string_view>, 4> kVictims{
    {{VictimKind::chase, "chase"},
     {VictimKind::chains, "chains"},
     {VictimKind::triad, "triad"},
     {VictimKind::requests, "requests"}}};
constexpr std::array<std::pair<AggressorKind, std::string_view>, 4> kAggressors{
    {{AggressorKind::read, "read"},
     {AggressorKind::write, "write"},
     {AggressorKind::nt_write, "nt-write"},
     {AggressorKind::random, "random"}}};

template <class Kinds, class Kind>
std::string_view name_in(const Kinds& kinds, Kind kind) {
  for (const auto& [one, name] : kinds) {
    if (one == kind) return name;
  }
  return {};
}

template <class Kinds>
auto kind_in(const Kinds& kinds, std::string_view option, std::string_view word) {
  std::string allowed;
  for (const auto& [kind, name] : kinds) {
    if (name == word) return kind;
    allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", name);
  }
  throw Error(fmt::format("{}: '{}': allowed is {}", option, word, allowed));
}

}  // namespace

std::string_view name_of(VictimKind kind) {
  return name_in(kVictims, kind);
}

std::string_view name_of(AggressorKind kind) {
  return name_in(kAggressors, kind);
}

VictimKind victim_of(std::string_view option, std::string_view word) {
  return kind_in(kVictims, option, word);
}

AggressorKind aggressor_of(std::string_view option, std::string_view word) {
  return kind_in(kAggressors, option, word);
}

}  // namespace berth::cache_bench
