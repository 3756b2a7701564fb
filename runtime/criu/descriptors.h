// descriptors.json of an image folder: what a container's standard streams were, by the name under
// which criu takes others in their place. Pure. runc and crun write and read the same file.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace berth::runtime::criu {

inline constexpr const char* kDescriptorsFile = "descriptors.json";

// Where 0, 1 and 2 point to, as /proc/PID/fd has it (`pipe:[4711]`, `/dev/null`); for a file that
// the container cannot see, criu's name for it (`file[1f:2a]`: the mount and the inode, in hex).
using Descriptors = std::array<std::string, 3>;

std::string descriptors_json(const Descriptors& descriptors);
// Throws Error where it is not an array of three strings.
Descriptors parse_descriptors(std::string_view text);

// criu's options that put this process' own streams in place of those that come from outside the
// container: `fd[1]:pipe:[4711]`. Of streams that are one and the same the first counts.
std::vector<std::string> inherited(const Descriptors& descriptors);

}  // namespace berth::runtime::criu
