#include <fcntl.h>

#include <cerrno>

#include "base/error.h"
#include "launcher/verbs/checkpoint_verbs.h"
#include "launcher/verbs/container_of.h"

namespace berth::launcher {
namespace {

void require_writable(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0) throw Error("--status-fd", std::to_string(fd), errno);
  if ((flags & O_ACCMODE) == O_RDONLY) {
    throw Error("--status-fd: " + std::to_string(fd) + " is not open for writing");
  }
}

}  // namespace

int checkpoint(const RuntimeOptions& runtime, const CheckpointOptions& options) {
  runtime::CheckpointRequest request = options.request;
  request.criu = runtime.criu;
  if (request.options.image_path.empty()) request.options.image_path = kDefaultImagePath;
  if (!options.page_server.empty()) {
    request.options.page_server = runtime::criu::parse_page_server(options.page_server);
  }
  if (options.status_fd >= 0) {
    require_writable(options.status_fd);
    request.options.status_fd = options.status_fd;
  }
  container_of(runtime, options.id).checkpoint(request);
  return 0;
}

}  // namespace berth::launcher
