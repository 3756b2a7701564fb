// What runs in the processes of a measurement: victims, whose time is measured, and aggressors, who
// disturb them. What one of them is told, as words of a command line, and what it answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace berth::cache_bench {

inline constexpr uint64_t kLineBytes = 64;

enum class VictimKind {
  chase,     // one chain of dependent loads over a random cycle of all lines: latency
  chains,    // eight such chains at once: what memory parallelism hides of it
  triad,     // a[i] = b[i] + s * c[i]: bandwidth
  requests,  // an open-loop server: arrivals at fixed times, each looks up lines at random
};
enum class AggressorKind {
  read,      // streams through memory
  write,     // the same with stores: each line is read for ownership and written back
  nt_write,  // with stores that pass the caches by: a control, it takes bandwidth and no ways
  random,    // independent loads all over memory
};

// As in options, reports and JSON.
std::string_view name_of(VictimKind kind);
std::string_view name_of(AggressorKind kind);
// Throw Error naming `option`, the word and what is allowed.
VictimKind victim_of(std::string_view option, std::string_view word);
AggressorKind aggressor_of(std::string_view option, std::string_view word);

struct VictimTask {
  VictimKind kind = VictimKind::chase;
  uint64_t bytes = 0;  // working set
  std::chrono::milliseconds warm_up{200}, run{500};
  uint64_t seed = 1;
  // Of `requests`: between two arrivals; 0: each begins when the one before has ended, which is how
  // the service time is found.
  std::chrono::nanoseconds interval{0};
};

struct AggressorTask {
  AggressorKind kind = AggressorKind::read;
  uint64_t bytes = 0;
  uint64_t seed = 1;
};

// Nanoseconds from a request's fixed arrival to its answer: how often each was seen, rounded up to
// less than a 64th more.
struct LatencyCount {
  uint64_t nanoseconds = 0, times = 0;
  bool operator==(const LatencyCount&) const = default;
};

struct VictimResult {
  // For each line touched; of `requests` for each request served.
  double nanoseconds = 0;
  uint64_t steps = 0;  // how many were
  double seconds = 0;
  std::vector<LatencyCount> latencies;  // of `requests`, ascending
  // Of `requests`: the last answer came more than 16 arrivals late: the queue was growing.
  bool saturated = false;
  uint64_t involuntary_switches = 0;  // getrusage(2), while it was measured
};

struct AggressorResult {
  uint64_t bytes = 0;
  double seconds = 0;
};

}  // namespace berth::cache_bench
