// The criu program of this host (criu(8)).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace berth::runtime::criu {

// `3.17.1` of `Version: 3.17.1`, as 31701; 0 where there is none. Pure.
int parse_version(std::string_view output);

class Program {
 public:
  // `name` is looked up in PATH. Throws Error where it is not there, is older than what berth
  // needs, or finds that this kernel does not do (`criu check`), with its own words.
  static Program find(const std::string& name);

  const std::string& name() const { return name_; }
  // Runs `dump` or `pre-dump` to its end. Throws Error with the line of the log that says why.
  void run(const std::vector<std::string>& words, const std::string& log) const;
  // The same where the container has a terminal.
  void run_as_worker(const std::vector<std::string>& words, const std::string& log) const;

 private:
  explicit Program(std::string name) : name_(std::move(name)) {}
  std::string name_;
};

// What a run that failed is told as: `criu dump: Error (...): ... (all of it in /x/dump.log)`.
// `status` as wait(2) gives it; `output`: what it said where there is no log.
std::string failure(const std::string& act, int status, const std::string& log,
                    const std::string& output);

}  // namespace berth::runtime::criu
