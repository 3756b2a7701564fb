// A bundle for tests, and a child process that enters it: as root, or as a user who makes a user
// namespace. What the child sees comes back as text.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "runtime/rootfs/host_bind.h"
#include "runtime/rootfs/rootfs.h"
#include "runtime/spec/spec.h"
#include "tests/support/temporary_folder.h"

namespace berth::runtime::rootfs {

enum class As {
  root,           // real root, a mount namespace alone
  user,           // uid 65534 in a user namespace of its own that maps it to 0
  self,           // the same, mapped to itself: how a job's tasks run
  root_for_user,  // real root makes a user namespace that maps 65534 to 0
};
inline constexpr As kEveryone[] = {As::root, As::user, As::self, As::root_for_user};
std::string name_of(As as);

struct Result {
  std::string error;   // what was thrown, empty for none
  std::string report;  // what the function gave back
};

class Bundle {
 public:
  Bundle();

  const std::string& path() const { return folder_.path(); }
  std::string rootfs() const { return path() + "/rootfs"; }
  // Below the bundle; parents are made.
  void dir(const std::string& name) const;
  void file(const std::string& name, const std::string& content = {}) const;
  void link(const std::string& name, const std::string& target) const;

  void mount(const std::string& destination, const std::string& type, const std::string& source,
             std::vector<std::string> options = {});
  // /proc, /dev, /dev/pts, /sys as `runc spec` has them.
  void usual_mounts();

  // Runs the four steps in a child; then `inside`, in the new root.
  Result enter(
      As as, const std::function<std::string()>& inside = [] { return std::string(); });
  // The same, and `between` runs after mount_all, on the host's tree.
  Result enter(As as, const std::function<void(Rootfs&)>& between,
               const std::function<std::string()>& inside);

  spec::Spec spec;
  std::vector<HostBind> binds;
  bool keep_owners = false;       // enter gives the bundle to the user otherwise
  std::function<void()> on_host;  // first of all in the child
  int namespaces = 0;             // CLONE_NEW* beyond user and mount; CLONE_NEWPID forks once more

 private:
  void child(As as, const std::function<void(Rootfs&)>& between,
             const std::function<std::string()>& inside, int pipe);
  test::TemporaryFolder folder_;
};

// Whether this process may make mount namespaces; tests skip where not, with what is in errno.
bool can_unshare();

// For use inside: content of a file or `errno: text`; names in a directory, `a b c`.
std::string content(const std::string& path);
std::string names(const std::string& path);
// `core ` where this kernel has /proc/kcore, and /dev a link to it.
std::string kernel_core();
// The last (topmost) mountinfo line of a mount point, or nothing.
std::string mount_line(const std::string& mount_point);
bool writable(const std::string& dir);

}  // namespace berth::runtime::rootfs
