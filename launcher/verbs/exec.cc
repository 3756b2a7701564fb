#include "launcher/verbs/exec.h"

#include <fcntl.h>

#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/json_node.h"
#include "base/trace.h"
#include "launcher/log.h"
#include "runtime/container/exec.h"
#include "runtime/container/pid_file.h"
#include "runtime/container/relay.h"
#include "runtime/process/terminal.h"
#include "runtime/state/state.h"

namespace berth::launcher {
namespace {

constexpr size_t kLargest = size_t{4} << 20;

runtime::StateFolder find(const RuntimeOptions& runtime, const std::string& id) {
  runtime::check_id(id);
  const auto root = runtime::StateRoot::open_if_exists(runtime.root);
  if (!root) throw Error("container '" + id + "' does not exist");
  return root->find(id);
}

// A terminal is shown by this process, or by who gave a socket for it: never by both or nobody.
void check_terminal(const ExecOptions& options, const runtime::spec::Process& process) {
  const bool socket = !options.console_socket.empty();
  if (options.detach && process.terminal && !socket) {
    throw Error("a detached process with a terminal needs --console-socket");
  }
  if (socket && !(options.detach && process.terminal)) {
    throw Error("--console-socket is for a detached process with a terminal");
  }
}

// The other end, where it is this process that shows the terminal.
UniqueFd open_console(const ExecOptions& options, runtime::ExecRequest& request) {
  if (!request.spec.process->terminal) return {};
  if (options.detach) {
    request.console = runtime::process::connect_console(options.console_socket);
    return {};
  }
  SocketPair pair = socket_pair();
  request.console = std::move(pair.first);
  request.relayed = true;
  runtime::take_own_size(*request.spec.process);
  return std::move(pair.second);
}

// What follows the start fails: nobody would know of the process.
template <class Work>
void or_end(const runtime::Child& child, const Work& work) {
  try {
    work();
  } catch (...) {
    runtime::end(child);
    throw;
  }
}

}  // namespace

int exec(const RuntimeOptions& runtime, const ExecOptions& options) {
  const runtime::StateFolder folder = find(runtime, options.id);
  runtime::be_ready_for_exec(folder);
  runtime::ExecRequest request;
  request.spec = folder.configuration();
  request.spec.warnings.clear();  // of the configuration: they were told when it was made
  if (options.process_file.empty()) {
    describe_process(options, request.spec);
  } else {
    replace_process(read_file(AT_FDCWD, options.process_file, kLargest), request.spec);
  }
  for (const std::string& warning : request.spec.warnings) log(runtime, Level::warning, warning);
  check_terminal(options, *request.spec.process);
  request.fds = runtime::FdPolicy::of_runtime(0, options.preserve_fds, options.descriptors);
  request.detached = options.detach;
  request.ignore_paused = options.ignore_paused;
  request.cgroups = options.cgroups;
  const UniqueFd console = open_console(options, request);
  if (tracing()) {
    trace("exec " + in_quotes(request.spec.process->args.front()) + " in container '" + options.id +
          "'");
  }
  std::optional<runtime::SignalQueue> signals;
  if (!options.detach) request.signal_mask = signals.emplace().mask_before();
  const runtime::Child child = runtime::exec(folder, std::move(request));
  if (tracing()) trace("process " + std::to_string(child.pid) + " has joined the container");
  UniqueFd master;
  or_end(child, [&] {
    if (console) master = runtime::process::receive_master(console.get());
    if (!options.pidfd_socket.empty()) {
      runtime::process::send_master(options.pidfd_socket, child.pidfd.get());
    }
    if (!options.pid_file.empty()) runtime::write_pid_file(options.pid_file, child.pid);
  });
  if (options.detach) return 0;
  return console ? runtime::relay_and_wait(child, master, *signals)
                 : runtime::forward_and_wait(child, *signals);
}

}  // namespace berth::launcher
