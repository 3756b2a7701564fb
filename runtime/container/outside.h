// What of a container is outside of it, so that criu neither saves nor makes it: mounts, namespaces
// and files. Private to this folder.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "runtime/criu/descriptors.h"
#include "runtime/criu/options.h"
#include "runtime/spec/spec.h"

namespace berth::runtime {

// The bind mounts, where they are in the root file system `rootfs`, without links.
std::vector<criu::ExternalMount> mounts_outside(const spec::Spec& spec, const std::string& rootfs);

// linux.maskedPaths that are files of that container, which lie under the host's /dev/null.
std::vector<std::string> masked_files(const spec::Spec& spec, pid_t pid);

// The network and PID namespaces that it was put into: 'n' or 'p', and the inode.
std::vector<std::pair<char, ino_t>> namespaces_outside(const spec::Spec& spec);

// The standard streams of a process.
criu::Descriptors descriptors_of(pid_t pid);

// Makes the places of the mounts that are not there yet: of those that do not lie in another mount.
void make_mount_points(const spec::Spec& spec, const std::string& rootfs);

}  // namespace berth::runtime
