#include "base/error.h"
#include "launcher/verbs/resource_verbs.h"
#include "runtime/cgroup/freezer.h"

namespace berth::launcher {

int resume(const RuntimeOptions& runtime, const std::string& id) {
  const runtime::StateLock lock = lock_of(runtime, id);
  const ContainerCgroup group = cgroup_of(runtime, id);
  if (!runtime::cgroup::is_frozen(group.hierarchy, group.path())) {
    throw Error("cannot resume container '" + id + "': container not paused");
  }
  runtime::cgroup::thaw(group.hierarchy, group.path());
  return 0;
}

}  // namespace berth::launcher
