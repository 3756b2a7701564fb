#include "tests/support/resctrl/replay.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "base/error.h"

namespace berth::test::resctrl {

namespace {

std::string shown(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '\n' ? "\\n" : std::string(1, c);
  return '"' + result + '"';
}

class Run {
 public:
  explicit Run(Target& target) : target_(target) {}

  // Empty: as expected.
  std::string step(const Step& step) {
    if (const auto made = tasks_step(step)) return *made;
    if (step.operation == "read" || step.operation == "has" || step.operation == "lacks") {
      return check_text(step);
    }
    if (step.operation == "list") return check_list(step);
    if (step.operation == "members") return check_members(step);
    return check_call(step);
  }

 private:
  // $NAME: the id of that task.
  std::string filled(const std::string& text) const {
    std::string result = text;
    for (const auto& [name, pid] : tasks_) {
      const std::string mark = '$' + name;
      for (size_t at = 0; (at = result.find(mark, at)) != std::string::npos;) {
        result.replace(at, mark.size(), std::to_string(pid));
      }
    }
    return result;
  }
  std::string word(const Step& step, size_t index) const {
    if (index >= step.words.size()) throw Error(step.operation + ": a word is missing");
    return filled(step.words[index]);
  }

  std::optional<std::string> tasks_step(const Step& step) {
    const std::string& operation = step.operation;
    if (operation == "child") {
      tasks_[word(step, 0)] = target_.start(static_cast<uid_t>(step.uid));
    } else if (operation == "fork") {
      tasks_[word(step, 1)] = target_.fork(tasks_.at(word(step, 0)));
    } else if (operation == "thread") {
      tasks_[word(step, 1)] = target_.add_thread(tasks_.at(word(step, 0)));
    } else if (operation == "end") {
      target_.end(tasks_.at(word(step, 0)));
    } else {
      return std::nullopt;
    }
    return "";
  }

  int call(const Step& step) {
    const std::string& operation = step.operation;
    Who who{static_cast<uid_t>(step.uid), std::nullopt};
    if (!step.by.empty()) who.child = tasks_.at(step.by);
    if (operation == "mkdir") return target_.make(word(step, 0), who);
    if (operation == "rmdir") return target_.remove(word(step, 0), who);
    if (operation == "rename") return target_.rename(word(step, 0), word(step, 1));
    if (operation == "write") return target_.write(word(step, 0), word(step, 1), who);
    if (operation == "create") return target_.create(word(step, 0));
    if (operation == "unlink") return target_.unlink(word(step, 0));
    if (operation == "symlink") return target_.symlink(word(step, 0));
    if (operation == "hold") return target_.hold(word(step, 0), word(step, 1));
    if (operation == "chmod") {
      return target_.chmod(word(step, 1),
                           static_cast<mode_t>(std::stoul(word(step, 0), nullptr, 8)));
    }
    throw Error("unknown operation " + operation);
  }

  // What a refused write left as it was: one to schemata leaves all.
  std::string check_call(const Step& step) {
    const bool guarded = step.operation == "write" && step.error != 0 && !step.words.empty() &&
                         step.words[0].ends_with("schemata");
    const Text before = guarded ? target_.read(word(step, 0)) : Text();
    int error = call(step);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (step.eventually && error == EBUSY && std::chrono::steady_clock::now() < deadline) {
      target_.wait();
      error = call(step);
    }
    if (error != step.error) {
      return fmt::format("gave {}, expected {}; last_cmd_status {}", errno_name(error),
                         errno_name(step.error), shown(target_.read("info/last_cmd_status").text));
    }
    const std::string status = target_.read("info/last_cmd_status").text;
    if (!step.eventually && step.status != "*\n" && status != filled(step.status)) {
      return fmt::format("left last_cmd_status {}, expected {}", shown(status),
                         shown(filled(step.status)));
    }
    if (guarded && target_.read(word(step, 0)).text != before.text) {
      return "was refused and changed " + shown(before.text) + " to " +
             shown(target_.read(word(step, 0)).text);
    }
    return "";
  }

  static bool has_line(const std::string& text, const std::string& wanted) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.substr(std::min(line.find_first_not_of(' '), line.size())) == wanted) return true;
    }
    return false;
  }

  std::string check_text(const Step& step) {
    const Text got = target_.read(word(step, 0));
    if (got.error != step.error) {
      return fmt::format("gave {}, expected {}", errno_name(got.error), errno_name(step.error));
    }
    if (got.error != 0) return "";
    bool good = true;
    if (step.operation != "read") {
      good = has_line(got.text, word(step, 1)) == (step.operation == "has");
    } else if (step.relation == '=') {
      good = got.text == filled(step.expected.at(0));
    } else if (step.relation == '~') {
      good = std::regex_match(got.text, std::regex(step.expected.at(0)));
    }
    return good ? "" : "read " + shown(got.text);
  }

  std::string check_list(const Step& step) {
    const Names got = target_.list(word(step, 0));
    if (got.error != step.error) {
      return fmt::format("gave {}, expected {}", errno_name(got.error), errno_name(step.error));
    }
    std::vector<std::string> expected = step.expected;
    std::ranges::sort(expected);
    if (got.error != 0 || got.names == expected) return "";
    return fmt::format("gave {}", fmt::join(got.names, " "));
  }

  // Which of the vector's own tasks are in a group.
  std::string check_members(const Step& step) {
    const Text got = target_.read(word(step, 0) == "/" ? "tasks" : word(step, 0) + "/tasks");
    std::istringstream numbers(got.text);
    std::set<std::string> names;
    for (pid_t number = 0; numbers >> number;) {
      for (const auto& [name, pid] : tasks_) {
        if (pid == number) names.insert(name);
      }
    }
    const std::set<std::string> expected(step.expected.begin(), step.expected.end());
    return names == expected ? "" : fmt::format("has {}", fmt::join(names, " "));
  }

  Target& target_;
  std::map<std::string, pid_t> tasks_;
};

}  // namespace

std::vector<Difference> replay(Target& target, const Vector& vector) {
  target.reset(vector.options);
  Run run(target);
  for (const Step& step : vector.steps) {
    std::string what;
    try {
      what = run.step(step);
    } catch (const std::exception& error) {
      what = error.what();
    }
    if (!what.empty())
      return {{step.line, fmt::format("[{}] {}: {}", vector.name, step.text, what)}};
  }
  return {};
}

}  // namespace berth::test::resctrl
