// A model behind a real mount, for system calls of any process.
//
// What differs from the kernel's resctrl: statfs gives FUSE's type; a write of no bytes is not seen
// (0); /proc/PID/cpu_resctrl_groups knows nothing of it; a task that was never looked at while its
// parent lived is taken for one of the default group.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "base/fd.h"
#include "tests/support/resctrl/fuse_server.h"
#include "tests/support/resctrl/guardian.h"
#include "tests/support/resctrl/model.h"

namespace berth::test::resctrl {

class Mount {
 public:
  // Tasks are this machine's own, the clock is real. Throws Error with mount(2)'s errno: EPERM, or
  // ENOENT and ENODEV where the machine has no FUSE; with EINVAL for options that cannot be had.
  explicit Mount(Processor processor, Profile profile = Profile(), MountOptions options = {});
  // Unmounts, even with files open: their next use fails (ENOTCONN).
  ~Mount();
  Mount(const Mount&) = delete;
  Mount& operator=(const Mount&) = delete;

  const std::string& path() const { return folder_.path; }
  UniqueFd root() const;

  // Gives the model to `what` while no call is answered. Calls of this thread on the mount would
  // wait for ever. A hook is called with the model in hand already; it may kill who calls: with 0
  // the call takes effect and the caller dies before it learns of it, with EINTR it does not.
  template <class What>
  auto with(const What& what) {
    const std::lock_guard<std::recursive_mutex> lock(lock_);
    return what(model_);
  }

 private:
  struct Folder {
    Folder();
    ~Folder();
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    std::string path;
  };
  struct Mounted {
    Mounted(const std::string& path, const UniqueFd& device);
    ~Mounted();
    Mounted(const Mounted&) = delete;
    Mounted& operator=(const Mounted&) = delete;
    const std::string& path;
  };

  std::recursive_mutex lock_;
  Model model_;
  Folder folder_;
  UniqueFd device_;
  std::optional<FuseServer> server_;
  std::optional<Mounted> mounted_;  // goes before its server does
  std::optional<Guardian> guardian_;
};

}  // namespace berth::test::resctrl
