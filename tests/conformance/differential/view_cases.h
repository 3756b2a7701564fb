// The configurations that runc and berth are compared in.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace berth::test {

enum class How {
  run,
  detached,
  terminal,          // process.terminal, from a terminal
  exec,              // of a container that sleeps
  exec_on_terminal,  // the same from a terminal
  plain_user,        // by somebody who is not root
};

struct ViewCase {
  std::string name;
  std::function<void(nlohmann::json&)> change = {};  // of what `runc spec` writes
  How how = How::run;
  std::vector<std::string> options = {};        // of the verb
  std::vector<std::string> first_options = {};  // of `run`, where the verb is `exec`
};

const std::vector<ViewCase>& view_cases();

}  // namespace berth::test
