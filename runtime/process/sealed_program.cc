#include "runtime/process/sealed_program.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/trace.h"

namespace berth::runtime::process {
namespace {

constexpr const char* kProgram = "/proc/self/exe";
constexpr int kSeals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

// On a read-only mount nobody may write, whoever it is.
bool can_write_program() {
  if (::faccessat(AT_FDCWD, kProgram, W_OK, AT_EACCESS) != 0) return false;
  const UniqueFd program = open_file(AT_FDCWD, kProgram, O_RDONLY);
  const int seals = ::fcntl(program.get(), F_GET_SEALS);
  return seals < 0 || (seals & kSeals) != kSeals;
}

// Executed by a descriptor a program is named after its number.
void take_name(const char* word) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel gives the address as a number
  const auto* const executed = reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
  if (executed == nullptr || word == nullptr) return;
  if (!std::string_view(executed).starts_with("/dev/fd/")) return;
  const std::string_view path(word);
  ::prctl(PR_SET_NAME, path.substr(path.rfind('/') + 1).data(), 0, 0, 0);
}

UniqueFd readonly_mount() {
  UniqueFd tree(
      check(::open_tree(AT_FDCWD, kProgram, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), "open_tree"));
  struct mount_attr attributes {};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  check(::mount_setattr(tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes),
        "mount_setattr");
  return tree;
}

UniqueFd sealed_copy() {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  constexpr unsigned kExecutable = 0x0010U;  // MFD_EXEC, which a kernel before 6.3 does not know
  int fd = ::memfd_create("berth", kFlags | kExecutable);
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create("berth", kFlags);
  UniqueFd copy(check(fd, "memfd_create"));
  const UniqueFd program = open_file(AT_FDCWD, kProgram, O_RDONLY);
  struct stat st {};
  check(::fstat(program.get(), &st), "fstat");
  for (off_t left = st.st_size; left > 0;) {
    const ssize_t n =
        check(::sendfile(copy.get(), program.get(), nullptr, static_cast<size_t>(left)), "copy");
    if (n == 0) throw Error("copy", {}, EIO);
    left -= n;
  }
  check(::fcntl(copy.get(), F_ADD_SEALS, kSeals), "seal");
  return copy;
}

[[noreturn]] void execute(const UniqueFd& program, char** argv) {
  ::syscall(SYS_execveat, program.get(), "", argv, ::environ, AT_EMPTY_PATH);
  throw Error("execveat", {}, errno);
}

}  // namespace

void execute_readonly(const char* path, char* const* argv, char* const* environment) noexcept {
  const int tree = ::open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
  if (tree < 0) return;
  struct mount_attr attributes {};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (::mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes) == 0) {
    ::syscall(SYS_execveat, tree, "", argv, environment, AT_EMPTY_PATH);
  }
  ::close(tree);
}

void seal_program_early(char** argv, char** environment) noexcept {
  if (::faccessat(AT_FDCWD, kProgram, W_OK, AT_EACCESS) != 0) return;
  execute_readonly(kProgram, argv, environment);
}

void seal_program(char** argv) {
  take_name(argv[0]);
  if (!can_write_program()) return;
  try {
    execute(readonly_mount(), argv);
  } catch (const Error& e) {
    if (tracing()) trace("no read-only mount of this program: " + e.message());
  }
  try {
    execute(sealed_copy(), argv);
  } catch (const Error& e) {
    throw e.within("protect this program from containers");
  }
}

}  // namespace berth::runtime::process
