// linux.maskedPaths and linux.readonlyPaths.
#pragma once

#include <string>
#include <vector>

#include "runtime/rootfs/root_dir.h"

namespace berth::runtime::rootfs {

// Covers each path: a file by the host's /dev/null, a directory by an empty read-only one. Paths
// that do not exist are passed over.
void mask_paths(const RootDir& root, const std::vector<std::string>& paths,
                const std::string& label);

// Files that are masked already get the attributes of a mask again: nobody inside gives the host's
// null device another mode.
void protect_masked_files(const RootDir& root, const std::vector<std::string>& paths);

// Makes the mount at each path read-only, after giving it one of its own. Mounts further below keep
// what they have. Paths that do not exist are passed over.
void make_paths_readonly(const RootDir& root, const std::vector<std::string>& paths);

}  // namespace berth::runtime::rootfs
