#include "runtime/container/console.h"

#include "base/error.h"
#include "runtime/container/container.h"
#include "runtime/process/terminal.h"

namespace berth::runtime {

void check_terminal(const spec::Process& process, const CreateRequest& request) {
  if (process.terminal && request.detached && request.console_socket.empty()) {
    throw Error("process.terminal: true, and nobody stays to show it: --console-socket is wanted");
  }
  if (request.console_socket.empty()) return;
  if (!process.terminal) {
    throw Error("--console-socket: process.terminal is not true, so there is no terminal to send");
  }
  if (!request.detached) {
    throw Error("--console-socket: this process stays and shows the terminal: --detach is wanted");
  }
}

UniqueFd Container::open_console(const CreateRequest& request) {
  if (!request.console_socket.empty()) return process::connect_console(request.console_socket);
  SocketPair pair = socket_pair();
  console_ = std::move(pair.second);
  return std::move(pair.first);
}

}  // namespace berth::runtime
