// What vectors are replayed on: the kernel's resctrl, a mounted model, a model in memory.
#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/support/resctrl/model.h"

namespace berth::test::resctrl {

// Who is to make a call: the test itself as a user, or a child of its.
struct Who {
  uid_t uid = 0;
  std::optional<pid_t> child;
};

// Paths are from the root; one that begins with @NAME is from what is held by that name.
class Target {
 public:
  Target() = default;
  virtual ~Target() = default;
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  // As after a mount: no groups, no children, nothing held.
  virtual void reset(const MountOptions& options) = 0;

  // Each gives 0 or an errno.
  virtual int make(const std::string& path, const Who& who) = 0;
  virtual int remove(const std::string& path, const Who& who) = 0;
  virtual int rename(const std::string& from, const std::string& to) = 0;
  virtual int write(const std::string& path, std::string_view bytes, const Who& who) = 0;
  virtual int create(const std::string& path) = 0;
  virtual int unlink(const std::string& path) = 0;
  virtual int symlink(const std::string& path) = 0;
  virtual int chmod(const std::string& path, mode_t mode) = 0;
  virtual int hold(const std::string& name, const std::string& path) = 0;
  virtual Text read(const std::string& path) = 0;
  virtual Names list(const std::string& path) = 0;

  // Tasks that do nothing, until the next reset.
  virtual pid_t start(uid_t uid) = 0;
  virtual pid_t fork(pid_t parent) = 0;
  virtual pid_t add_thread(pid_t process) = 0;
  virtual void end(pid_t pid) = 0;
  // Lets a moment pass in which an RMID may leave limbo.
  virtual void wait() = 0;
};

// The kernel's at `path`, which is unmounted and mounted with other options: nobody else may use
// it.
std::unique_ptr<Target> kernel_target(const std::string& path);
std::unique_ptr<Target> mount_target(const Processor& processor, Profile profile);
std::unique_ptr<Target> model_target(const Processor& processor, Profile profile);

}  // namespace berth::test::resctrl
