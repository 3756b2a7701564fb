// Under which conditions a victim is measured, and which of them can be had here.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bench/cache/site.h"
#include "bench/cache/workload.h"

namespace berth::cache_bench {

enum class Condition {
  alone,            // in the whole cache: what slowdowns are reckoned from
  alone_at_mask,    // alone in its ways: what the smaller cache costs by itself
  shared,           // with aggressors beside, nobody's ways fenced off
  partitioned,      // with aggressors beside, in ways of its own
  partitioned_mba,  // the same, the aggressors' memory bandwidth limited
  other_socket,     // with aggressors below another L3: a control
  full_mask,        // as shared, in a group that has every way: a control, it must change nothing
};
inline constexpr std::array kConditions{Condition::alone,           Condition::alone_at_mask,
                                        Condition::shared,          Condition::partitioned,
                                        Condition::partitioned_mba, Condition::other_socket,
                                        Condition::full_mask};

std::string_view name_of(Condition condition);
// Throws Error naming `option`, the word and what is allowed.
Condition condition_of(std::string_view option, std::string_view word);
bool has_aggressors(Condition condition);

// Nothing, or why it cannot be had here.
std::optional<std::string> missing(const Site& site, Condition condition);

// One thing to measure.
struct Cell {
  VictimKind victim = VictimKind::chase;
  Condition condition = Condition::alone;
  std::optional<AggressorKind> aggressor;  // where the condition has some
  unsigned count = 0;
  bool operator==(const Cell&) const = default;
};

struct LeftOut {
  std::string what, why;
  bool operator==(const LeftOut&) const = default;
};

struct Wanted {
  std::vector<VictimKind> victims;
  std::vector<AggressorKind> aggressors;
  std::vector<unsigned> counts;  // of aggressors; empty: 1, half of the other cores, all of them
  std::vector<Condition> conditions;
};

// What is wanted and can be had. The control full_mask is measured with the first aggressor and
// the largest count alone. What is left out is said, each with the reason.
struct Cells {
  std::vector<Cell> cells;
  std::vector<LeftOut> left_out;
};
Cells cells_of(const Site& site, const Wanted& wanted);

}  // namespace berth::cache_bench
