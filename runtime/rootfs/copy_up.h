// tmpcopyup: a new tmpfs starts with what the image has at that place.
#pragma once

namespace berth::runtime::rootfs {

// Copies owner, mode and content of the directory `from` into the empty directory `to`. Symbolic
// links are copied, never followed; sockets and, without the right to make them, devices are left
// out.
void copy_up(int from, int to);

}  // namespace berth::runtime::rootfs
