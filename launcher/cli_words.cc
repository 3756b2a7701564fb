#include "launcher/cli_words.h"

namespace berth::launcher {
namespace {

const CLI::App* verb_of(const CLI::App& app, const std::string& name) {
  const auto found =
      app.get_subcommands([&](const CLI::App* verb) { return verb->get_name() == name; });
  return found.empty() ? nullptr : found.front();
}

bool takes_a_value(const CLI::Option* option) {
  return option != nullptr && option->get_items_expected_max() > 0;
}

}  // namespace

std::vector<std::string> with_two_dashes(std::vector<std::string> words, const CLI::App& app) {
  const CLI::App* verb = nullptr;
  for (size_t i = 0; i < words.size(); ++i) {
    std::string& word = words[i];
    if (word == "--") break;
    if (!word.starts_with('-') || word == "-") {
      if (verb != nullptr) break;
      verb = verb_of(app, word);
      if (verb == nullptr) break;
      continue;
    }
    const CLI::App& owner = verb != nullptr ? *verb : app;
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const CLI::Option* option = owner.get_option_no_throw(name);
    if (!word.starts_with("--") && name.size() > 2) {
      option = owner.get_option_no_throw("-" + name);
      if (option != nullptr) word.insert(0, "-");
    }
    if (takes_a_value(option) && equals == std::string::npos) ++i;
  }
  return words;
}

}  // namespace berth::launcher
