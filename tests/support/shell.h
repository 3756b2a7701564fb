// Runs a program and keeps what it said: for tests that drive berth, or a tool beside it, from
// outside. Never a shell in between: the words arrive as they are.
#pragma once

#include <chrono>
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace berth::test {

struct RunOptions {
  std::chrono::seconds timeout{60};
  std::string user = {};                         // whose rights it has; empty: the caller's
  std::string directory = {};                    // where it starts; empty: the caller's
  std::string input = {};                        // its standard input
  std::map<std::string, std::string> more = {};  // variables beside the caller's
};

struct Ran {
  int status = 0;  // its exit status, or 128 + the signal that ended it
  bool timed_out = false;
  std::string out, err;
};

// So that a failed EXPECT tells what happened.
std::ostream& operator<<(std::ostream& stream, const Ran& ran);

// Waits for the program; then takes what it wrote, without waiting for those it left behind. When
// the time is over its process group gets SIGTERM and, five seconds later, SIGKILL. A program that
// cannot be started has status 127 and the reason in `err`.
Ran run(const std::vector<std::string>& words, const RunOptions& options = {});

// A program started now and waited for later. One that is still there at the end is killed.
class Running {
 public:
  explicit Running(const std::vector<std::string>& words, const RunOptions& options = {});
  ~Running();
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  int pid() const { return pid_; }
  // What it wrote to standard output up to now.
  const std::string& out_so_far();
  // The time-out counts from this call.
  Ran wait();

 private:
  void take_output();
  bool poll_until(std::chrono::steady_clock::time_point end);

  Ran ran_;
  std::chrono::seconds timeout_;
  int pid_ = -1, process_ = -1, out_ = -1, err_ = -1;
};

}  // namespace berth::test
