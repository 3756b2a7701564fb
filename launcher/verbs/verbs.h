// One function for each verb of `berth`; each throws Error or returns the exit status.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "launcher/policy.h"

namespace berth::launcher {

enum class Format { text, json };

// What launch and plan have in common: the wishes, as typed.
struct WishOptions {
  std::string policy = kDefaultPolicyFile;
  bool policy_required = false;
  std::string cores;  // cores in hwloc's logical order; empty: where this process may run
  std::string l3;
  bool l3_share = false;
  std::string memory;  // of each task
  std::optional<int64_t> pids;
};

struct LaunchOptions {
  WishOptions wish;
  std::string bundle = ".";
  unsigned tasks = 1;
  bool label = false;
  std::vector<std::string> command;
};
int launch(const LaunchOptions& options, const std::vector<int>& descriptors);

struct PlanOptions {
  WishOptions wish;
  std::string machine;  // hwloc XML file or synthetic description; empty: this machine
  Format format = Format::text;
};
int plan(const PlanOptions& options);

int show(Format format);
int reap();
int policy_check(const std::string& file, bool required);

}  // namespace berth::launcher
