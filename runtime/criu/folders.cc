#include "runtime/criu/folders.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

#include <cerrno>

#include "base/error.h"
#include "base/file.h"

namespace berth::runtime::criu {

std::string made_folder(const std::string& option, const std::string& path) {
  try {
    for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
      (void)make_dir(AT_FDCWD, path.substr(0, at), 0700);
    }
    (void)make_dir(AT_FDCWD, path, 0700);
  } catch (const Error& e) {
    throw e.within(option);
  }
  return existing_folder(option, path);
}

std::string existing_folder(const std::string& option, const std::string& path) {
  char buffer[PATH_MAX];
  if (::realpath(path.c_str(), buffer) == nullptr) throw Error(option, path, errno);
  try {
    (void)open_dir(AT_FDCWD, buffer);
  } catch (const Error& e) {
    throw e.within(option);
  }
  return buffer;
}

}  // namespace berth::runtime::criu
