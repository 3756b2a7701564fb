// Mounts by descriptor: made detached, finished, then attached, so that nobody sees one half done.
// Each function is one system call (Linux 5.12 has them all) and has no policy.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "runtime/rootfs/mount_options.h"

namespace berth::runtime::rootfs {

// A detached copy of the mount tree at a path (open_tree(2)); `nofollow`: of a link itself.
UniqueFd clone_tree(int dir, const std::string& path, bool recursive, bool nofollow = false);
// The same of what a descriptor refers to; `name` is for messages.
UniqueFd clone_tree_of(int fd, const std::string& name, bool recursive);

// A detached mount of a new file system. What the kernel has to say about an option is in the
// error.
UniqueFd new_filesystem(const std::string& type, const std::string& source,
                        const std::vector<std::pair<std::string, std::string>>& data,
                        uint64_t attributes);

// A new file system on top of `target`, by one call (mount(2)). False where it cannot be had so:
// then the functions above and `attach` do it, or say why not.
bool mount_new(int target, const std::string& type, const std::string& source,
               const std::vector<std::pair<std::string, std::string>>& data, uint64_t attributes);

// Other options for the file system that `mount` shows (fspick(2)).
void reconfigure(int mount, const std::vector<std::pair<std::string, std::string>>& data,
                 const std::string& name);

// Puts a detached tree on top of `target`, both by descriptor (move_mount(2)).
void attach(int tree, int target, const std::string& name);
// At a name in a directory that nobody else can change.
void attach_in(int tree, int dir, const std::string& name);

// mount_setattr(2) on a mount that a descriptor refers to.
void set_attributes(int tree, const Attributes& change, bool recursive, const std::string& name);
// Shows the owners of a tree's files as a user namespace maps them. Detached trees of a file system
// that can do so, by who has CAP_SYS_ADMIN over it, and once. `recursive`: of the mounts below,
// too.
void map_ids(int tree, int user_namespace, bool recursive, const std::string& name);
void set_propagation(int tree, const Propagation& propagation, const std::string& name);

}  // namespace berth::runtime::rootfs
