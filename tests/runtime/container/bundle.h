// A bundle of busybox and our probe in a directory of its own, the specs to run it with, and a
// child to run it in.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "runtime/container/enter.h"

namespace berth::test {

struct Outcome {
  int status = -1;  // as a shell tells it: 128 + signal
  std::string out, err;
};

class Bundle {
 public:
  Bundle();
  ~Bundle();
  Bundle(const Bundle&) = delete;
  Bundle& operator=(const Bundle&) = delete;

  const std::string& path() const { return path_; }
  std::string rootfs() const { return path_ + "/rootfs"; }
  // proc, a /dev and a /tmp; mount, ipc and uts namespaces of its own; uid 0.
  runtime::Entry entry(std::vector<std::string> args) const;
  // `sh -c script`.
  runtime::Entry shell(const std::string& script) const { return entry({"sh", "-c", script}); }

 private:
  std::string path_;
};

// What a launcher does: `body` runs in a child, as `uid` where it is not 0, with its output
// caught; an EnterFailure's line goes to err and its code becomes the status.
Outcome launch(uid_t uid, const std::function<void()>& body);

inline constexpr uid_t kNobody = 65534;

}  // namespace berth::test
