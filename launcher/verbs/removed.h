// The end of a container that somebody waited for.
#pragma once

#include "launcher/log.h"
#include "launcher/verbs/runtime_verbs.h"
#include "runtime/container/container.h"

namespace berth::launcher {

// Removed whatever happens, unless it is to be kept.
class Removed {
 public:
  Removed(const RuntimeOptions& runtime, runtime::Container& container, bool service_cgroups)
      : runtime_(runtime), container_(container), service_cgroups_(service_cgroups) {}
  ~Removed() {
    if (kept_) return;
    try {
      for (const std::string& warning : container_.remove(/*force=*/true, service_cgroups_)) {
        log(runtime_, Level::warning, warning);
      }
    } catch (const std::exception& e) {
      log(runtime_, Level::error, e.what());
    }
  }
  Removed(const Removed&) = delete;
  Removed& operator=(const Removed&) = delete;
  void keep() { kept_ = true; }

 private:
  const RuntimeOptions& runtime_;
  runtime::Container& container_;
  bool service_cgroups_;
  bool kept_ = false;
};

}  // namespace berth::launcher
