#include "runtime/container/pid_file.h"

#include <fcntl.h>

#include "base/error.h"
#include "base/file.h"

namespace berth::runtime {

void write_pid_file(const std::string& path, pid_t pid) {
  const size_t name = path.rfind('/') + 1;  // npos + 1 is 0
  try {
    const UniqueFd folder = open_dir(AT_FDCWD, name == 0 ? "." : path.substr(0, name));
    replace_file(folder.get(), path.substr(name), std::to_string(pid), 0644,
                 /*through_a_crash=*/false);
  } catch (const Error& e) {
    throw e.within("write pid file '" + path + "'");
  }
}

}  // namespace berth::runtime
