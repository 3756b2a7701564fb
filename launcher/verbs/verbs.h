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
  RdtOptions rdt;
  std::string memory;  // of each task
  std::optional<int64_t> pids;
};

struct LaunchOptions {
  WishOptions wish;
  std::string bundle = ".";
  unsigned tasks = 1;
  bool label = false;
  bool remove_cgroups = false;  // at the end, those of the bundle's runtime.json too
  std::vector<std::string> command;
};
int launch(const LaunchOptions& options, const std::vector<int>& descriptors);

struct PlanOptions {
  WishOptions wish;
  std::string machine;  // hwloc XML file or synthetic description; empty: this machine
  std::string rdt;      // what its RDT can do, see imagined_rdt; empty: what this node's can, or of
                        // a machine that is described the usual
  // Instead of the wish: requests and claims given back, one after another.
  struct Step {
    std::string text;
    bool release = false;
  };
  std::vector<Step> steps;
  Format format = Format::text;
};
int plan(const PlanOptions& options);

int reap();
int policy_check(const std::string& file, bool required);

}  // namespace berth::launcher
