// The program criu for tests: Debian's, unpacked for the guest (tests/vm/prepare), or the host's.
#pragma once

#include <map>
#include <string>

namespace berth::test {

std::string criu_program();
// The variables that it wants beside the caller's.
std::map<std::string, std::string> criu_variables();
// Why it does not work here; empty where it does.
std::string lacks_criu();
// A PATH in which `criu` is that program, for those that look for no other: a script in `folder`,
// which is there, comes first.
std::string path_with_criu(const std::string& folder);

}  // namespace berth::test
