#include "launcher/cli_options.h"

#include <algorithm>

namespace berth::launcher {
namespace {

// `-tenv=A` may be any of its letters; `--tty=true`, and `-tty` as Go writes it, is `--tty`.
bool may_be(std::string_view word, std::string_view name) {
  if (!word.starts_with('-')) return false;
  if (!name.starts_with("--")) {
    return !word.starts_with("--") && word.find(name.back()) != std::string_view::npos;
  }
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  return word.starts_with(name.substr(2));
}

}  // namespace

MeantOptions::MeantOptions(std::vector<std::string> words) : all_(false), words_(std::move(words)) {
  std::erase_if(words_, [](const std::string& word) { return !word.starts_with('-'); });
}

bool MeantOptions::may_mean(std::string_view names) const {
  if (all_) return true;
  while (!names.empty()) {
    std::string_view name = names.substr(0, names.find(','));
    names.remove_prefix(std::min(name.size() + 1, names.size()));
    if (name.starts_with('!')) name.remove_prefix(1);
    if (!name.starts_with('-')) return true;
    if (std::ranges::any_of(words_, [&](const std::string& word) { return may_be(word, name); })) {
      return true;
    }
  }
  return false;
}

}  // namespace berth::launcher
