#include "spank/srun_command_line.h"

#include <string_view>

namespace berth::spank {
namespace {

// True where `word` is `--NAME` or an abbreviation of at least `shortest` letters that is srun's
// alone.
bool is_long(std::string_view word, std::string_view name, size_t shortest) {
  if (!word.starts_with("--")) return false;
  word.remove_prefix(2);
  word = word.substr(0, word.find('='));
  return word.size() >= shortest && name.starts_with(word);
}

}  // namespace

SrunOptions parse_srun_options(const std::vector<std::string>& options) {
  SrunOptions result;
  for (size_t i = 0; i < options.size(); ++i) {
    const std::string& word = options[i];
    if (word == "--") break;
    // The value of a long option: behind `=`, else the next word.
    const auto value = [&]() -> std::optional<std::string> {
      const size_t equals = word.find('=');
      if (equals != std::string::npos) return word.substr(equals + 1);
      return i + 1 < options.size() ? std::optional(options[++i]) : std::nullopt;
    };
    if (is_long(word, "export", 4)) {
      result.export_option = value();
    } else if (is_long(word, "multi-prog", 3)) {
      result.multi_prog = true;
    } else if (is_long(word, "chdir", 3) || word == "-D") {
      result.chdir = value();
    } else if (word.starts_with("-D")) {
      result.chdir = word.substr(2);
    }
  }
  return result;
}

}  // namespace berth::spank
