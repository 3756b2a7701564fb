#include "base/error.h"
#include "launcher/verbs/container_of.h"
#include "launcher/verbs/resource_verbs.h"
#include "runtime/cgroup/freezer.h"

namespace berth::launcher {

ContainerCgroup cgroup_of(const RuntimeOptions& runtime, const std::string& id) {
  ContainerCgroup found{container_of(runtime, id), {}};
  if (found.path().empty()) throw Error("container '" + id + "' has no cgroup of its own");
  found.hierarchy = found.container.hierarchy();
  return found;
}

runtime::StateLock lock_of(const RuntimeOptions& runtime, const std::string& id) {
  runtime::check_id(id);
  const auto root = runtime::StateRoot::open_if_exists(runtime.root);
  if (!root) throw Error("container '" + id + "' does not exist");
  return root->find(id).lock();
}

int pause(const RuntimeOptions& runtime, const std::string& id) {
  const runtime::StateLock lock = lock_of(runtime, id);
  const ContainerCgroup group = cgroup_of(runtime, id);
  const runtime::Status status = group.container.status();
  if (status != runtime::Status::running && status != runtime::Status::created) {
    throw Error("cannot pause container '" + id + "': container not running");
  }
  runtime::cgroup::freeze(group.hierarchy, group.path());
  return 0;
}

}  // namespace berth::launcher
