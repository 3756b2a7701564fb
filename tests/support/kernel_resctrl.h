// A kernel's own resctrl, mounted at its usual place, as its files have it.
#pragma once

#include <string>

namespace berth::test {

inline constexpr const char* kResctrl = "/sys/fs/resctrl";

// The line of one resource in a text of schemata, without padding: `L3:0=7ff;1=7ff`; `no L2` where
// it has none.
std::string line_in(const std::string& schemata, const std::string& resource);
// The same of a group as it is now; "" is the default group.
std::string schemata_line(const std::string& group, const std::string& resource);

// Mounts it again with these options (`cdp,cdpl2`), which removes all groups, once nobody has a
// file of it open any more. Throws Error.
void remount_resctrl(const std::string& options);

}  // namespace berth::test
