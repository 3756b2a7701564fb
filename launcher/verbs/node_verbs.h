// Verbs that show what a node's caches are and who has them; each throws Error or returns the exit
// status.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "launcher/top_rows.h"
#include "launcher/verbs/verbs.h"

namespace berth::launcher {

struct ShowOptions {
  Format format = Format::text;
  std::string prometheus;  // file for metrics, `-`: standard output; empty: none asked for
};
int show(const ShowOptions& options);

struct TopOptions {
  std::chrono::milliseconds interval{1000};
  std::optional<uint64_t> count;
  TopOrder order = TopOrder::bandwidth;
  Format format = Format::text;
};
int top(const TopOptions& options);

struct GresOptions {
  std::optional<std::string> node;  // its name in slurm.conf; nothing: the host's
  Format format = Format::text;
};
int gres(const GresOptions& options);

// 0 where nothing is a problem, else 1.
int doctor(Format format);

// Becomes the program that measures cache isolation, with these words; returns only by throwing.
inline constexpr const char* kLibexecVariable = "BERTH_LIBEXEC_DIR";
int bench_cache(const std::vector<std::string>& words);

}  // namespace berth::launcher
