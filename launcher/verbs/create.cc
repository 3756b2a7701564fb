#include "base/error.h"
#include "base/trace.h"
#include "launcher/log.h"
#include "launcher/policy.h"
#include "launcher/verbs/create_container.h"
#include "runtime/process/terminal.h"

namespace berth::launcher {

namespace {

void require_allowed(const std::string& bundle) {
  if (load_policy(kDefaultPolicyFile, /*required=*/false).runtime_json) return;
  throw Error("bundle '" + bundle + "': runtime.json: the policy's runtimeJson is false");
}

}  // namespace

runtime::Container create_container(const RuntimeOptions& runtime, const CreateOptions& options) {
  runtime::CreateRequest request = options.request;
  request.cgroup_manager = runtime.cgroup_manager;
  request.rootless = runtime.rootless;
  request.allow_service = [&] { require_allowed(request.bundle); };
  if (tracing()) trace("create container '" + request.id + "' of bundle '" + request.bundle + "'");
  const auto root = runtime::StateRoot::open(runtime.root);
  auto container = runtime::Container::create(root, request);
  for (const std::string& warning : container.warnings()) log(runtime, Level::warning, warning);
  const auto& annotations = container.record().annotations;
  const auto receiver = annotations.find("run.oci.pidfd_receiver");
  std::string socket = options.pidfd_socket;
  if (socket.empty() && receiver != annotations.end()) socket = receiver->second;
  if (socket.empty()) return container;
  try {
    runtime::process::send_master(socket, container.child().pidfd.get());
  } catch (...) {
    (void)container.remove(/*force=*/true);
    throw;
  }
  return container;
}

int create(const RuntimeOptions& runtime, const CreateOptions& options) {
  (void)create_container(runtime, options);
  return 0;
}

}  // namespace berth::launcher
