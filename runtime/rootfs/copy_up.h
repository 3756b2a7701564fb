// tmpcopyup: a new tmpfs starts with what the image has at that place.
#pragma once

#include <sys/stat.h>

#include <string>

namespace berth::runtime::rootfs {

// Copies owner, mode, times, extended attributes and content of the directory `from` into the empty
// directory `to`. Symbolic links are copied, never followed; sockets and, without the right to make
// them, devices are left out.
void copy_up(int from, int to);

// An owner who does not exist in the user namespace cannot be given; the file stays ours.
void copy_owner_and_mode(int to, const struct stat& st, const std::string& name);

}  // namespace berth::runtime::rootfs
