// What a user asks of the node's caches and memory bandwidth. Syntax only, no policy. Pure.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "rdt/amount.h"

namespace berth::launcher {

// The options as typed (`--l3 50%`); nothing where one was not given.
struct RdtOptions {
  std::optional<std::string> l3 = {}, l3_code = {}, l3_data = {}, l2 = {}, mbw = {}, rdt_class = {};
  bool l3_share = false, l3_exclusive = false;
};

// The options that `berth` and Slurm's commands have in common.
struct RdtOption {
  const char *name, *value, *description;
  std::optional<std::string> RdtOptions::*text;
};
struct RdtFlag {
  const char *name, *description;
  bool RdtOptions::*set;
};
extern const std::array<RdtOption, 6> kRdtOptions;
extern const std::array<RdtFlag, 2> kRdtFlags;

// Whether one was given at all, right or wrong.
bool any(const RdtOptions& options);

struct RdtRequest {
  std::optional<rdt::Amount> l3;                // for code and data alike
  std::optional<rdt::Amount> l3_code, l3_data;  // both or neither, never beside `l3`
  std::optional<rdt::Amount> l2;
  std::optional<rdt::Bandwidth> mbw;
  std::string rdt_class;  // of the policy's; then nothing else
  bool shared = false;    // ways that others may have too; by default they are the job's alone
  // The policy's ceilings, for rdt::CacheWish::at_most: see clamped of launcher/rdt_policy.h.
  rdt::PerCache<std::optional<rdt::Amount>> at_most = {};

  bool asks_l3() const { return l3 || l3_code; }
  bool empty() const { return !asks_l3() && !l2 && !mbw && rdt_class.empty(); }
  // The options again: `--l3=50% --l3-share`.
  std::string text() const;
  bool operator==(const RdtRequest&) const = default;
};

// The options that were given, one a line, `\nl3=50%`; flags have no value. And back: words that
// are none of them are passed over.
std::string to_words(const RdtOptions& options);
RdtOptions options_from_words(std::string_view text);

// What the policy may call its classes and partitions: letters, digits, '_', '.' and '-'.
bool is_rdt_name(std::string_view text);

// Throws Error naming the option, its value and what is allowed.
RdtRequest parse_rdt_options(const RdtOptions& options);

}  // namespace berth::launcher
