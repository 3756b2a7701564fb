// A person's terminal around a program: its size changes, keys are pressed, what it shows is read.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/fd.h"

namespace berth::test {

class OuterTerminal {
 public:
  OuterTerminal(std::vector<std::string> words, unsigned short rows, unsigned short columns) {
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const winsize size{rows, columns, 0, 0};
    int master = -1;
    pid_ = check(::forkpty(&master, nullptr, nullptr, &size), "forkpty");
    if (pid_ == 0) {
      ::execvp(argv[0], argv.data());
      ::_exit(127);
    }
    master_.reset(master);
    check(::fcntl(master, F_SETFD, FD_CLOEXEC), "fcntl");
  }
  ~OuterTerminal() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  OuterTerminal(const OuterTerminal&) = delete;
  OuterTerminal& operator=(const OuterTerminal&) = delete;

  void resize(unsigned short rows, unsigned short columns) const {
    const winsize size{rows, columns, 0, 0};
    check(::ioctl(master_.get(), TIOCSWINSZ, &size), "TIOCSWINSZ");
  }
  void press(const std::string& keys) const {
    check(::write(master_.get(), keys.data(), keys.size()), "write");
  }
  // Whether it comes to show that text, for at most a minute.
  bool shows(const std::string& text) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (shown_.find(text) == std::string::npos) {
      if (std::chrono::steady_clock::now() > end || !read_more()) break;
    }
    return shown_.find(text) != std::string::npos;
  }
  const std::string& shown() const { return shown_; }
  // The program's exit status, or 128 + the signal that ended it; -1 where it goes on after a
  // minute.
  int wait() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    while (read_more()) {
      if (std::chrono::steady_clock::now() > end) return -1;
    }
    int status = 0;
    check(::waitpid(pid_, &status, 0), "waitpid");
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  // False once nobody has it open any more.
  bool read_more() {
    pollfd ready{master_.get(), POLLIN, 0};
    if (::poll(&ready, 1, 100) == 0) return true;
    char piece[4096];
    const ssize_t got = ::read(master_.get(), piece, sizeof piece);
    if (got <= 0) return false;
    shown_.append(piece, static_cast<size_t>(got));
    return true;
  }

  UniqueFd master_;
  pid_t pid_ = -1;
  std::string shown_;
};

}  // namespace berth::test
