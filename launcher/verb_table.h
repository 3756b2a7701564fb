// The verbs of the command line. Only those that it names are described to CLI11: to describe all
// takes longer than to read a configuration, and each start would pay for it.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace berth::launcher {

class VerbTable {
 public:
  // `describe` adds the verb and its options to the program's.
  void offer(const char* name, std::function<void()> describe) {
    verbs_.emplace_back(name, std::move(describe));
  }
  // Describes those that `words`, the command line without the program's name, has anywhere, be it
  // as another's argument; all where it has none, or where help for all is asked for first.
  void describe(const std::vector<std::string>& words) const;

 private:
  std::vector<std::pair<const char*, std::function<void()>>> verbs_;
};

}  // namespace berth::launcher
