#include "launcher/log.h"
#include "launcher/verbs/container_of.h"
#include "launcher/verbs/runtime_verbs.h"

namespace berth::launcher {

runtime::CreateRequest request_of(const CreateOptions& options, bool detached) {
  runtime::CreateRequest request;
  request.id = options.id;
  request.bundle = options.bundle;
  request.config_file = options.config_file;
  request.console_socket = options.console_socket;
  request.pid_file = options.pid_file;
  request.preserve_fds = options.preserve_fds;
  request.descriptors = options.descriptors;
  request.new_keyring = !options.no_new_keyring;
  request.detached = detached;
  return request;
}

int create(const RuntimeOptions& runtime, const CreateOptions& options) {
  const auto root = runtime::StateRoot::open(runtime.root);
  const auto container = runtime::Container::create(root, request_of(options, /*detached=*/true));
  for (const std::string& warning : container.warnings()) log(runtime, Level::warning, warning);
  return 0;
}

}  // namespace berth::launcher
