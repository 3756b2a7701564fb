#include "bench/cache/condition.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace berth::cache_bench {

std::string_view name_of(Condition condition) {
  switch (condition) {
    case Condition::alone:
      return "alone";
    case Condition::alone_at_mask:
      return "alone-at-mask";
    case Condition::shared:
      return "shared";
    case Condition::partitioned:
      return "partitioned";
    case Condition::partitioned_mba:
      return "partitioned+mba";
    case Condition::other_socket:
      return "other-socket";
    case Condition::full_mask:
      break;
  }
  return "full-mask";
}

Condition condition_of(std::string_view option, std::string_view word) {
  std::string allowed;
  for (const Condition condition : kConditions) {
    if (name_of(condition) == word) return condition;
    allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", name_of(condition));
  }
  throw Error(fmt::format("{}: '{}': allowed is {}", option, word, allowed));
}

bool has_aggressors(Condition condition) {
  return condition != Condition::alone && condition != Condition::alone_at_mask;
}

namespace {

std::string no_partition(const Site& site) {
  if (!site.rdt) return "resctrl is not mounted here, or there is no RDT";
  if (!site.rdt->caches.l3) return "the L3's ways cannot be divided here (no CAT)";
  return "resctrl is root's";
}

}  // namespace

std::optional<std::string> missing(const Site& site, Condition condition) {
  if (has_aggressors(condition) && condition != Condition::other_socket && site.beside.empty()) {
    return "there is no other core below the victim's L3";
  }
  switch (condition) {
    case Condition::alone:
    case Condition::shared:
      return std::nullopt;
    case Condition::other_socket:
      if (site.elsewhere.empty()) return "there is no core below another L3";
      return std::nullopt;
    case Condition::partitioned_mba:
      if (site.can_partition() && !site.can_throttle()) {
        return "memory bandwidth cannot be limited here (no MBA)";
      }
      break;
    case Condition::alone_at_mask:
    case Condition::partitioned:
    case Condition::full_mask:
      break;
  }
  if (site.can_partition()) return std::nullopt;
  return no_partition(site);
}

namespace {

std::vector<unsigned> counts_of(size_t cores) {
  const auto all = static_cast<unsigned>(cores);
  std::vector<unsigned> counts{1, all / 2, all};
  std::erase(counts, 0U);
  std::ranges::sort(counts);
  const auto repeated = std::ranges::unique(counts);
  counts.erase(repeated.begin(), repeated.end());
  return counts;
}

class CellsMaker {
 public:
  CellsMaker(const Site& site, const Wanted& wanted) : site_(site), wanted_(wanted) {}

  Cells make() {
    for (const Condition condition : wanted_.conditions) {
      if (const auto why = missing(site_, condition)) {
        cells_.left_out.push_back({std::string(name_of(condition)), *why});
        continue;
      }
      for (const VictimKind victim : wanted_.victims) add(victim, condition);
    }
    return std::move(cells_);
  }

 private:
  void add(VictimKind victim, Condition condition) {
    if (!has_aggressors(condition)) {
      cells_.cells.push_back({victim, condition, {}, 0});
      return;
    }
    const size_t cores =
        condition == Condition::other_socket ? site_.elsewhere.size() : site_.beside.size();
    std::vector<unsigned> counts = wanted_.counts.empty() ? counts_of(cores) : wanted_.counts;
    std::erase_if(counts, [&](unsigned count) {
      if (count <= cores) return false;
      leave_out(fmt::format("{}, {} aggressors", name_of(condition), count),
                fmt::format("there are {} cores for them", cores));
      return true;
    });
    if (counts.empty()) return;
    if (condition == Condition::full_mask) {
      cells_.cells.push_back({victim, condition, wanted_.aggressors.front(), counts.back()});
      return;
    }
    for (const AggressorKind aggressor : wanted_.aggressors) {
      for (const unsigned count : counts) {
        cells_.cells.push_back({victim, condition, aggressor, count});
      }
    }
  }

  void leave_out(std::string what, std::string why) {
    const LeftOut one{std::move(what), std::move(why)};
    if (std::ranges::find(cells_.left_out, one) == cells_.left_out.end()) {
      cells_.left_out.push_back(one);
    }
  }

  const Site& site_;
  const Wanted& wanted_;
  Cells cells_;
};

}  // namespace

Cells cells_of(const Site& site, const Wanted& wanted) {
  return CellsMaker(site, wanted).make();
}

}  // namespace berth::cache_bench
