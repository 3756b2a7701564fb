// What berth left behind on this node: for tests of its failures and of its death. They run beside
// others, so what a living process holds is not counted.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "tests/support/temporary_folder.h"

namespace berth::test {

// A folder that every user may write to.
class OpenFolder : public TemporaryFolder {
 public:
  OpenFolder() : TemporaryFolder(01777) {}
};

// Claims, cgroups and cache groups without a living holder, mounts under /run/berth, and processes
// with `mark` in their command line, each one line. What is on its way out has some time to go.
std::vector<std::string> leftovers(const std::string& mark,
                                   std::chrono::seconds patience = std::chrono::seconds(10));

// The default group's schemata, empty where resctrl is not mounted.
std::string default_schemata();

// `text` with `with` for every `what`.
std::string replaced(std::string text, const std::string& what, const std::string& with);

}  // namespace berth::test
