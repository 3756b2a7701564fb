#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/trusted.h"
#include "runtime/service/service.h"

namespace berth::runtime::service {
namespace {

constexpr const char* kFile = "runtime.json";
constexpr size_t kLargest = size_t{1} << 20;

void require_trusted(int fd, const std::string& what, uid_t owner) {
  const std::string why = why_untrusted(fd, owner);
  if (!why.empty()) throw Error("refuse " + what + ": " + why);
}

}  // namespace

bool has_service(int bundle) {
  return ::faccessat(bundle, kFile, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

std::optional<Service> load_service(int bundle, const std::string& name, uid_t owner) {
  if (!has_service(bundle)) return std::nullopt;
  const std::string path = "bundle '" + name + "'";
  require_trusted(bundle, path, owner);
  try {
    const UniqueFd file = open_file(bundle, kFile, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    struct stat st {};
    check(::fstat(file.get(), &st), "fstat", kFile);
    if (!S_ISREG(st.st_mode)) throw Error("runtime.json is not a regular file");
    require_trusted(file.get(), kFile, owner);
    return parse_service(read_fd(file.get(), kFile, kLargest));
  } catch (const Error& error) {
    if (error.code() == ELOOP) throw Error(path + ": refuse runtime.json: it is a symbolic link");
    throw error.within(path);
  }
}

}  // namespace berth::runtime::service
