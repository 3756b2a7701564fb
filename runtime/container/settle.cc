#include "runtime/container/settle.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "runtime/process/loopback.h"
#include "runtime/rootfs/masked.h"
#include "runtime/rootfs/mount_plan.h"
#include "runtime/rootfs/root_dir.h"
#include "runtime/rootfs/tree.h"

namespace berth::runtime {
namespace {

void set_attributes_again(const rootfs::RootDir& root, const rootfs::MountOp& op) {
  const auto place = root.open_if_exists(op.destination);
  if (!place) return;  // an optional one
  rootfs::set_attributes(place->get(), op.options.attributes, false, op.destination);
  if (op.options.recursive_attributes.set != 0 || op.options.recursive_attributes.clear != 0) {
    rootfs::set_attributes(place->get(), op.options.recursive_attributes, true, op.destination);
  }
}

void settle_here(const std::string& process, const spec::Spec& spec) {
  using spec::NamespaceType;
  const UniqueFd mounts = open_file(AT_FDCWD, process + "/ns/mnt", O_RDONLY);
  const UniqueFd network = open_file(AT_FDCWD, process + "/ns/net", O_RDONLY);
  const spec::Namespace* const own = spec.find_namespace(NamespaceType::network);
  if (own != nullptr && own->path.empty()) {
    check(::setns(network.get(), CLONE_NEWNET), "setns", "net");
    process::raise_loopback();
  }
  check(::setns(mounts.get(), CLONE_NEWNS), "setns", "mnt");
  const rootfs::RootDir root(open_file(AT_FDCWD, "/", O_PATH | O_DIRECTORY));
  for (const rootfs::MountOp& op : rootfs::plan_mounts(spec, {}, {})) {
    using rootfs::MountKind;
    if (op.kind == MountKind::bind || op.kind == MountKind::remount) set_attributes_again(root, op);
  }
  rootfs::protect_masked_files(root, spec.linux_.masked_paths);
}

}  // namespace

void settle(pid_t pid, const spec::Spec& spec) {
  Pipe errors = make_pipe();
  const pid_t child = check(::fork(), "fork");
  if (child == 0) {
    try {
      settle_here("/proc/" + std::to_string(pid), spec);
      ::_exit(0);
    } catch (const std::exception& e) {
      (void)!::write(errors.write.get(), e.what(), std::strlen(e.what()));
    }
    ::_exit(1);
  }
  errors.write.reset();
  const std::string error = read_fd(errors.read.get(), "restored container");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!error.empty()) throw Error(error);
  if (status != 0) throw Error("the restored container's namespaces could not be set up");
}

}  // namespace berth::runtime
