// process.terminal: a pseudo-terminal of the container's own devpts. Its slave is the program's
// stdio and controlling terminal; its master goes to whoever shows the program to a person, through
// a socket, as other runtimes do it (`--console-socket`).
#pragma once

#include <string>

#include "base/fd.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::process {

struct Terminal {
  UniqueFd master, slave;
};

// In the container's mount namespace; `root` is its root directory, before the pivot or after it.
// The tree is hostile: what is at /dev/pts must be a devpts, and what comes out of it a slave.
Terminal open_terminal(int root, const spec::Process& process);

// The slave's owner becomes the user. With the rights that the set-up has.
void give_terminal(const Terminal& terminal, const spec::User& user);

// A line feed comes out of the master as one, without a carriage return before it.
void leave_line_ends(const Terminal& terminal);

// A session of its own with this slave as controlling terminal and as 0, 1 and 2.
void take_terminal(int slave);

// A connection to the unix socket that somebody awaits a master on. On the host, by its path.
UniqueFd connect_console(const std::string& path);

// The master's way out: one message with the descriptor.
void send_master(int console, int master);
void send_master(const std::string& console_socket_path, int master);
// The other end of it, where the socket is one of our own.
UniqueFd receive_master(int console);

}  // namespace berth::runtime::process
