// The runtime.json of a bundle that is launched: done before its tasks, around the first one, and
// taken back at the launch's end; after a crash by `berth reap`.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "launcher/policy.h"
#include "runtime/container/container_network.h"
#include "runtime/service/around.h"

namespace berth::launcher {

class LaunchService {
 public:
  // Nothing where the bundle has none. Throws Error where it is not to be honoured, or cannot be:
  // all is as before then. `name` is the launch's: `launch_4711`.
  static std::unique_ptr<LaunchService> begin(int bundle_dir, const std::string& bundle,
                                              const std::string& name, const Policy& policy,
                                              const runtime::spec::Spec& spec, unsigned tasks);
  ~LaunchService();
  LaunchService(const LaunchService&) = delete;
  LaunchService& operator=(const LaunchService&) = delete;

  // Once its namespaces are made.
  bool has_network() const { return !network_.empty(); }
  void make_network(pid_t first_task);
  void surround(pid_t first_task);
  // At the end the cgroups go too, which others may have joined.
  void remove_cgroups() { cgroups_too_ = true; }

 private:
  LaunchService(std::string name, runtime::service::Service wanted,
                const runtime::spec::Spec& spec);
  std::string name_;
  runtime::service::Service wanted_;
  runtime::ContainerNetwork network_;
  UniqueFd folder_;
  std::optional<runtime::service::ActLog> acts_;
  bool cgroups_too_ = false;
};

// Takes back what launches that died left; a line for each.
std::vector<std::string> reap_launch_services();

}  // namespace berth::launcher
