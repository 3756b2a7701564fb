// What probe/look wrote inside a container, comparable: what is another one in every container has
// a common name.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace berth::test {

// Sections and their lines.
using View = std::map<std::string, std::vector<std::string>>;

using Names = std::vector<std::pair<std::string, std::string>>;

// `names`: what this container alone has (paths, its id), and what stands for it. Earlier ones
// first. `first`: the report of the container's first process, whose namespaces and keyring another
// may have too. Throws Error where `text` is no report.
View view(const std::string& text, const std::string& first, const Names& names);

// The lines that only one of two has, as `WHO SECTION: LINE`. The order of lines counts only in the
// environment.
std::vector<std::string> differences(const std::string& who, const View& one,
                                     const std::string& other_who, const View& other);

}  // namespace berth::test
