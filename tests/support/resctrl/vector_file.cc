#include "tests/support/resctrl/vector_file.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "base/error.h"

namespace berth::test::resctrl {

namespace {

constexpr std::array kErrors = {E2BIG,  EACCES, EBUSY,   EEXIST, EINVAL, EISDIR,    ENODEV,
                                ENOENT, ENOSPC, ENOTDIR, EPERM,  ERANGE, EOVERFLOW, ESRCH};

struct Word {
  std::string text;
  bool quoted = false;
};

// One line cut into words and steps.
class Line {
 public:
  Line(std::string_view text, int number) : text_(text), number_(number) {}

  bool at_end() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_ == text_.size() || text_[at_] == '#';
  }
  bool ends_step() { return at_end() || text_[at_] == ';'; }
  void next_step() {
    if (!at_end()) ++at_;
  }
  size_t position() const { return at_; }
  std::string_view since(size_t begin) const { return text_.substr(begin, at_ - begin); }

  Word word() {
    if (ends_step()) fail("a word is missing");
    if (text_[at_] == '"') return quoted();
    const size_t end = std::min(text_.find_first_of(" ;", at_), text_.size());
    const Word result{std::string(text_.substr(at_, end - at_))};
    at_ = end;
    return result;
  }
  // All up to the end of the step.
  std::string rest() {
    const size_t end = std::min(text_.find(';', at_), text_.size());
    std::string result(text_.substr(at_, end - at_));
    while (!result.empty() && result.back() == ' ') result.pop_back();
    at_ = end;
    return result;
  }
  std::string bracketed() {
    const size_t end = text_.find(']', at_);
    if (end == std::string_view::npos) fail("] is missing");
    const std::string result(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return result;
  }
  // Goes past this word, if it is the next.
  bool takes(std::string_view word) {
    if (at_end() || text_.substr(at_, word.size()) != word) return false;
    const size_t end = at_ + word.size();
    if (end < text_.size() && text_[end] != ' ') return false;
    at_ = end;
    return true;
  }
  bool begins_with(char c) { return !at_end() && text_[at_] == c; }
  [[noreturn]] void fail(const std::string& why) const {
    throw Error(fmt::format("resctrl_vectors:{}: {}", number_, why));
  }

 private:
  // "bytes", with \n, \t, \0, \" and \\; "x"*9 is nine of them.
  Word quoted() {
    Word result{"", true};
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] != '\\') {
        result.text += text_[at_];
        continue;
      }
      const char escaped = at_ + 1 < text_.size() ? text_[++at_] : '\\';
      const char* const found = std::strchr("nt0", escaped);
      result.text += found == nullptr ? escaped : "\n\t\0"[found - std::strchr("nt0", 'n')];
    }
    if (at_++ >= text_.size()) fail("\" is missing");
    if (at_ < text_.size() && text_[at_] == '*') {
      ++at_;
      const int times = std::stoi(word().text);
      const std::string once = result.text;
      for (int i = 1; i < times; ++i) result.text += once;
    }
    return result;
  }

  std::string_view text_;
  int number_;
  size_t at_ = 0;
};

int error_of(const Line& line, const std::string& name) {
  if (name == "ok") return 0;
  for (const int error : kErrors) {
    if (errno_name(error) == name) return error;
  }
  line.fail("unknown error " + name);
}

std::string status_of(const std::string& text) {
  if (text.empty()) return "ok\n";
  std::string lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(" | ", begin), text.size());
    lines += text.substr(begin, end - begin) + '\n';
    begin = end + 3;
  }
  return lines;
}

Step read_step(Line& line, int number) {
  Step step;
  step.line = number;
  const size_t begin = line.position();
  while (!line.ends_step()) {
    const Word word = line.word();
    const bool plain = !word.quoted;
    if (plain && word.text == "->") {
      step.error = error_of(line, line.word().text);
      (void)line.ends_step();
      step.status = status_of(line.begins_with('"') ? line.word().text : line.rest());
    } else if (plain && (word.text == "=" || word.text == "~") && step.relation == 0) {
      step.relation = word.text[0];
    } else if (step.relation != 0) {
      step.expected.push_back(word.text);
    } else if (!step.operation.empty()) {
      step.words.push_back(word.text);
    } else if (word.text == "by") {
      step.by = line.word().text;
    } else if (word.text == "as") {
      step.uid = std::stoi(line.word().text);
    } else if (word.text == "eventually") {
      step.eventually = true;
    } else {
      step.operation = word.text;
    }
  }
  step.text = line.since(begin);
  if (step.operation.empty()) line.fail("no operation");
  return step;
}

void read_steps(Line& line, int number, std::vector<Step>& steps) {
  while (!line.at_end()) {
    steps.push_back(read_step(line, number));
    line.next_step();
  }
}

MountOptions read_options(Line& line) {
  MountOptions options;
  while (!line.at_end()) {
    const std::string word = line.word().text;
    if (word == "cdp") {
      options.cdp = true;
    } else if (word == "mba_MBps") {
      options.mba_mbps = true;
    } else if (word != "plain") {
      line.fail("unknown option " + word);
    }
  }
  return options;
}

}  // namespace

std::string errno_name(int error) {
  const char* name = error == 0 ? "ok" : ::strerrorname_np(error);
  return name == nullptr ? std::to_string(error) : name;
}

std::vector<Vector> read_vectors(std::string_view text) {
  std::vector<Vector> vectors;
  std::string machine;
  MountOptions options;
  std::vector<Step> before;
  int number = 0;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    Line line(text.substr(begin, end - begin), ++number);
    begin = end + 1;
    if (line.at_end()) continue;
    if (line.begins_with('[')) {
      vectors.push_back({number, line.bracketed(), machine, options, false, before});
      if (line.begins_with('!')) vectors.back().bytes_only = line.word().text == "!";
      read_steps(line, number, vectors.back().steps);
    } else if (line.takes("machine")) {
      machine = line.word().text;
      options = {};
      before.clear();
    } else if (line.takes("mount")) {
      options = read_options(line);
      before.clear();
    } else if (line.takes("with")) {
      before.clear();
      read_steps(line, number, before);
    } else if (vectors.empty()) {
      line.fail("a step of no vector");
    } else {
      read_steps(line, number, vectors.back().steps);
    }
  }
  return vectors;
}

}  // namespace berth::test::resctrl
