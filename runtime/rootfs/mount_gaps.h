// Which mount points and devices of a plan an image lacks. It looks, and makes nothing.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "runtime/rootfs/mount_plan.h"
#include "runtime/rootfs/root_dir.h"
#include "runtime/rootfs/sources.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::rootfs {

// Whether an error says that here nothing may be made: EACCES, EROFS, EPERM.
bool is_refusal(int code);

struct MountGaps {
  // The directories of the image, paths without links, in which something must be made.
  std::set<std::string> parents;
  // In one of them, at least, this process may make nothing.
  bool refused = false;
};

// What lies below an earlier mount of the plan is no matter of the image. `sources` are the plan's,
// as take_sources took them. A path that is wrong in another way has no gap: its mount says why.
MountGaps find_gaps(const RootDir& image, const spec::Spec& spec, std::span<const MountOp> plan,
                    std::span<const BindSource> sources);

}  // namespace berth::runtime::rootfs
