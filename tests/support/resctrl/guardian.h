// Takes a mount away when its process dies without doing so.
#pragma once

#include <sys/types.h>

#include <string>

namespace berth::test::resctrl {

// A child that waits for the death of this process, by SIGKILL too, and then unmounts `path` lazily
// and removes it. No SIGCHLD comes from it and no wait(2) without __WALL sees it.
class Guardian {
 public:
  explicit Guardian(const std::string& path);
  ~Guardian();
  Guardian(const Guardian&) = delete;
  Guardian& operator=(const Guardian&) = delete;

 private:
  pid_t pid_;
};

}  // namespace berth::test::resctrl
