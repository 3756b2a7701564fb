// A child process that does nothing but what it is told.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/fd.h"

namespace berth::test::resctrl {

class Child {
 public:
  // Of this process, as that user; `root` stays open in it.
  Child(uid_t uid, int root);
  ~Child();  // killed, with what it made
  Child(Child&& other) noexcept;
  Child& operator=(Child&&) = delete;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  pid_t pid() const { return pid_; }
  // Each returns the new task's id. A process it makes dies with it.
  pid_t fork() const;
  pid_t add_thread() const;
  // One write(2) to a file below the root: 0 or errno.
  int write(const std::string& path, std::string_view bytes) const;
  void kill();

 private:
  int64_t ask(const std::string& what) const;
  pid_t pid_;
  UniqueFd socket_;
};

}  // namespace berth::test::resctrl
