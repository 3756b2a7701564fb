// A seccomp agent as runtime-spec has them: listens at a path, takes listeners, and answers every
// call that arrives there with one errno.
#pragma once

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace berth::test {

class SeccompAgent {
 public:
  // `path` may begin with `@`. `code` is the errno that each call gets.
  SeccompAgent(const std::string& path, int code);
  // Closes what it has: calls that nobody answers get ENOSYS then.
  ~SeccompAgent();
  SeccompAgent(const SeccompAgent&) = delete;
  SeccompAgent& operator=(const SeccompAgent&) = delete;

  // The payloads that came so far, one for each connection that its sender closed.
  std::vector<std::string> states() const;
  // The numbers of the calls that were answered.
  std::vector<int> calls() const;

 private:
  void serve();
  void take(int connection);
  void answer(int listener);

  const int code_;
  UniqueFd socket_, stop_;
  std::vector<UniqueFd> listeners_;
  mutable std::mutex mutex_;
  std::vector<std::string> states_;
  std::vector<int> calls_;
  std::thread thread_;
};

}  // namespace berth::test
