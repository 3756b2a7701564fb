#include "launcher/verb_table.h"

#include <algorithm>

namespace berth::launcher {

void VerbTable::describe(const std::vector<std::string>& words) const {
  const auto is_named = [&](const auto& verb) {
    return std::ranges::find(words, verb.first) != words.end();
  };
  const bool help_for_all = !words.empty() && (words.front() == "-h" || words.front() == "--help");
  const bool all = help_for_all || std::ranges::none_of(verbs_, is_named);
  for (const auto& verb : verbs_) {
    if (all || is_named(verb)) verb.second();
  }
}

}  // namespace berth::launcher
