// A writable layer over an image in which we may make nothing: overlayfs, its upper layer on a
// tmpfs that nobody else sees and that goes with the last user of the mount.
#pragma once

#include <set>
#include <string>

#include "base/fd.h"

namespace berth::runtime::rootfs {

// A detached mount that shows `image`, a directory of this mount namespace on which nothing is
// mounted yet. `parents`: directories of the image, paths without links, that are in the upper
// layer from the start. In a user namespace they are ours so, and things can be made in them: who
// owns a directory there but does not exist in the namespace could not be copied up (EOVERFLOW).
//
// Changes the working directory meanwhile. The image's flags (nosuid, nodev, noexec) hold.
UniqueFd overlay_on(int image, const std::set<std::string>& parents, bool in_user_namespace);

}  // namespace berth::runtime::rootfs
