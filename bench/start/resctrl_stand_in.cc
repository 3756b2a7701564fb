// Preloaded (LD_PRELOAD) into a program, it takes the folder $BERTH_BENCH_RESCTRL for the kernel's
// own resctrl: what is opened as /sys/fs/resctrl is that folder, and its file system has resctrl's
// number. For a bench where no processor can do it.
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <cstdarg>
#include <cstdlib>
#include <cstring>

namespace {

constexpr long kFuse = 0x65735546;  // FUSE_SUPER_MAGIC (fs/fuse/inode.c)

// What is opened in place of `path`.
const char* stand_in_of(const char* path) {
  const char* other = nullptr;
  if (std::strcmp(path, "/sys/fs/resctrl") == 0) other = std::getenv("BERTH_BENCH_RESCTRL");
  return other == nullptr ? path : other;
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

#pragma GCC visibility push(default)
extern "C" {

int openat(int dir, const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
    va_list more;
    va_start(more, flags);
    mode = va_arg(more, mode_t);
    va_end(more);
  }
  static auto* const real = next<int(int, const char*, int, ...)>("openat");
  return real(dir, stand_in_of(path), flags, mode);
}

int fstatfs(int fd, struct statfs* status) {
  static auto* const real = next<int(int, struct statfs*)>("fstatfs");
  const int result = real(fd, status);
  if (result == 0 && status->f_type == kFuse && std::getenv("BERTH_BENCH_RESCTRL") != nullptr) {
    status->f_type = RDTGROUP_SUPER_MAGIC;
  }
  return result;
}
}
