#include "tests/support/resctrl/mount.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

namespace berth::test::resctrl {

Mount::Folder::Folder() : path("/tmp/berth-resctrl-XXXXXX") {
  if (::mkdtemp(path.data()) == nullptr) throw Error("mkdtemp", path, errno);
}

Mount::Folder::~Folder() {
  ::rmdir(path.c_str());
}

Mount::Mounted::Mounted(const std::string& where, const UniqueFd& device) : path(where) {
  const std::string options = fmt::format(
      "fd={},rootmode=40555,user_id=0,group_id=0,default_permissions,allow_other", device.get());
  check(::mount("resctrl", path.c_str(), "fuse.resctrl", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                options.c_str()),
        "mount", path);
}

Mount::Mounted::~Mounted() {
  ::umount2(path.c_str(), MNT_DETACH);
}

Mount::Mount(Processor processor, Profile profile, MountOptions options)
    : model_(std::move(processor), profile, options),
      device_(open_file(AT_FDCWD, "/dev/fuse", O_RDWR)) {
  model_.set_tasks(std::make_shared<RealTasks>());
  model_.use_real_clock();
  mounted_.emplace(folder_.path, device_);
  server_.emplace(model_, lock_, std::move(device_));
  guardian_.emplace(folder_.path);
}

Mount::~Mount() {
  guardian_.reset();
  mounted_.reset();
  server_.reset();
}

UniqueFd Mount::root() const {
  return open_dir(AT_FDCWD, folder_.path);
}

}  // namespace berth::test::resctrl
