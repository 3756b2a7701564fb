// Where what a program sees in a container of berth's is something else than in one of runc's, and
// why. The runc is Debian's, 1.1.5.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace berth::test {

class KnownDifferences {
 public:
  // Whether a line of differences() is known for that case.
  bool explain(const std::string& view_case, const std::string& line);
  // Entries that have explained nothing.
  std::vector<std::string> unused() const;

 private:
  std::set<size_t> used_;
};

}  // namespace berth::test
