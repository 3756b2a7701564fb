#include <fcntl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "runtime/spec/parse.h"

namespace berth::runtime::spec {
namespace {

// Real ones have 2 to 60 KiB; a seccomp profile with every system call is below 1 MiB.
constexpr size_t kLargest = size_t{4} << 20;

std::string named(const std::string& bundle) {
  return "bundle '" + bundle + "'";
}

}  // namespace

UniqueFd open_bundle(const std::string& bundle) {
  const int dir = ::open(bundle.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dir < 0 && errno == ENOENT) throw Error("no such bundle '" + bundle + "'");
  if (dir < 0 && errno == ENOTDIR) throw Error(named(bundle) + " is not a directory");
  return UniqueFd(check(dir, "open bundle", bundle));
}

std::string read_configuration(int dir, const std::string& bundle, const std::string& file) {
  // Without O_NONBLOCK a fifo of that name would keep us for ever.
  const int fd = ::openat(dir, file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0 && errno == ENOENT) throw Error(named(bundle) + " has no " + file);
  if (fd < 0) throw Error("open", file, errno).within(named(bundle));
  const UniqueFd owner(fd);
  struct stat st {};
  check(::fstat(fd, &st), "fstat", file);
  if (!S_ISREG(st.st_mode)) throw Error(named(bundle) + ": " + file + " is not a regular file");
  try {
    return read_fd(fd, file, kLargest);
  } catch (const Error& e) {
    if (e.code() == EFBIG) throw Error(named(bundle) + ": " + file + " is larger than 4 MiB");
    throw e.within(named(bundle));
  }
}

Spec parse_spec(std::string_view json, const std::string& bundle) {
  try {
    return parse_spec(json);
  } catch (const Error& e) {
    throw e.within(named(bundle));
  }
}

Spec load_bundle(const std::string& bundle) {
  return load_bundle(open_bundle(bundle).get(), bundle);
}

Spec load_bundle(int bundle_dir, const std::string& bundle) {
  return parse_spec(read_configuration(bundle_dir, bundle), bundle);
}

}  // namespace berth::runtime::spec
