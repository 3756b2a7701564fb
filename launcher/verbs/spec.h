// The verb `spec`: a configuration to begin with.
#pragma once

#include <sys/types.h>

#include <string>

#include "launcher/verbs/runtime_verbs.h"

namespace berth::launcher {

struct SpecOptions {
  std::string bundle = ".";
  std::string file;  // empty: config.json, which must not be there yet
  bool rootless = false;
};
int write_spec(const RuntimeOptions& runtime, const SpecOptions& options);

// For whom it is; `cgroup_namespace`: where cgroups are v2 alone, the container has its own view.
struct SpecFor {
  bool rootless = false;
  uid_t uid = 0;
  gid_t gid = 0;
  bool cgroup_namespace = false;
};
std::string default_config(const SpecFor& whom);  // pure

}  // namespace berth::launcher
