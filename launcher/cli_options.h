// The options of a verb, as CLI11 takes them, but only those that the command line may mean are
// described to it: to describe one takes as long as to read ten lines of a configuration, and a
// start that names two would pay for thirty. Where the command line is wrong, or asks for help, it
// is read a second time with all of them (launcher/cli.cc).
#pragma once

#include <CLI/CLI.hpp>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace berth::launcher {

// Which options can be meant: all, or those that a word of the command line may stand for,
// wherever it is and whatever it is there.
class MeantOptions {
 public:
  static MeantOptions all() { return {}; }
  explicit MeantOptions(std::vector<std::string> words);

  // `names` as CLI11 has them: `-b,--bundle`, `!--no-pivot`; what has no dash is always meant.
  bool may_mean(std::string_view names) const;

 private:
  MeantOptions() = default;
  bool all_ = true;
  std::vector<std::string> words_;
};

// One that may not be described: then nothing is done with it.
class MaybeOption {
 public:
  MaybeOption() = default;
  explicit MaybeOption(CLI::Option* option) : option_(option) {}
  const MaybeOption& type_name(const char* name) const {
    if (option_ != nullptr) option_->type_name(name);
    return *this;
  }
  const MaybeOption& required() const {
    if (option_ != nullptr) option_->required();
    return *this;
  }
  const MaybeOption& allow_extra_args(bool allowed) const {
    if (option_ != nullptr) option_->allow_extra_args(allowed);
    return *this;
  }
  const MaybeOption& one_of(std::initializer_list<std::string> words) const {
    if (option_ != nullptr) option_->check(CLI::IsMember(words));
    return *this;
  }

 private:
  CLI::Option* option_ = nullptr;
};

// Adds options to a verb, or to the program; the methods are CLI::App's.
class OptionsOf {
 public:
  OptionsOf(CLI::App* app, const MeantOptions& meant) : app_(app), meant_(&meant) {}

  template <class T>
  MaybeOption add_option(const char* names, T& value, const char* text) const {
    return meant_->may_mean(names) ? MaybeOption(app_->add_option(names, value, text))
                                   : MaybeOption();
  }
  template <class T, class Function>
  MaybeOption add_option_function(const char* names, Function&& act, const char* text) const {
    return meant_->may_mean(names)
               ? MaybeOption(app_->add_option_function<T>(names, std::forward<Function>(act), text))
               : MaybeOption();
  }
  MaybeOption add_flag(const char* names, bool& value, const char* text) const {
    return meant_->may_mean(names) ? MaybeOption(app_->add_flag(names, value, text))
                                   : MaybeOption();
  }
  template <class Function>
  MaybeOption add_flag_function(const char* names, Function&& act, const char* text) const {
    return meant_->may_mean(names)
               ? MaybeOption(app_->add_flag_function(names, std::forward<Function>(act), text))
               : MaybeOption();
  }

 private:
  CLI::App* app_;
  const MeantOptions* meant_;
};

}  // namespace berth::launcher
