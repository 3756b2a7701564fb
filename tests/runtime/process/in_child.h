// Runs a function in a child and gives back what it returned: what changes the process itself
// (identity, limits, namespaces) must not change the test's.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exception>
#include <string>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"

namespace berth::test {

// An exception's text comes back as `error: ...`.
template <class Function>
std::string in_child(Function function) {
  int ends[2];
  check(::pipe2(ends, O_CLOEXEC), "pipe");
  const UniqueFd read_end(ends[0]);
  UniqueFd write_end(ends[1]);
  const pid_t child = check(::fork(), "fork");
  if (child == 0) {
    std::string answer;
    try {
      answer = function();
    } catch (const std::exception& e) {
      answer = std::string("error: ") + e.what();
    }
    try {
      write_all(write_end.get(), answer, "pipe");
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  write_end.reset();
  std::string answer = read_fd(read_end.get(), "pipe");
  ::waitpid(child, nullptr, 0);
  return answer;
}

// A line of /proc/self/status: what follows `Key:\t`.
inline std::string status_of(const std::string& key) {
  const std::string text = read_file(AT_FDCWD, "/proc/self/status");
  const size_t at = text.find("\n" + key + ":\t");
  if (at == std::string::npos) return "absent";
  const size_t start = at + key.size() + 3;
  return text.substr(start, text.find('\n', start) - start);
}

}  // namespace berth::test
