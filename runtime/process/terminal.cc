// It stands after the mounts, for the devpts is one of them, and before the pivot: the slave
// becomes /dev/console. Every inode is looked at after it was opened: what a bundle or a racing
// container puts in the place of a terminal must not be written to (CVE-2025-52565).
#include "runtime/process/terminal.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "runtime/process/unix_socket.h"

namespace berth::runtime::process {
namespace {

void require_device_of_devpts(int fd, const char* what, bool (*is_it)(unsigned, unsigned)) {
  struct statfs fs {};
  struct stat st {};
  check(::fstatfs(fd, &fs), "fstatfs", what);
  check(::fstat(fd, &st), "fstat", what);
  if (fs.f_type != DEVPTS_SUPER_MAGIC || !S_ISCHR(st.st_mode) ||
      !is_it(::major(st.st_rdev), ::minor(st.st_rdev))) {
    throw Error(std::string("open terminal: the container's '") + what +
                "' is not what a devpts has there");
  }
}

bool is_multiplexer(unsigned major, unsigned minor) {
  return major == 5 && minor == 2;
}

// Linux' allocated devices: UNIX98 slaves are 136 to 143.
bool is_slave(unsigned major, unsigned) {
  return major >= 136 && major <= 143;
}

// Below a devpts that was looked at, and on that mount alone: to open some devices is to do
// something, so nothing is opened first and looked at then. No /proc: it may be the container's.
UniqueFd open_multiplexer(int root) {
  constexpr uint64_t kReal = RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS;
  open_how how{};
  how.flags = O_PATH | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | kReal;
  const UniqueFd devpts(static_cast<int>(check(
      ::syscall(SYS_openat2, root, "dev/pts", &how, sizeof how), "open terminal", "/dev/pts")));
  struct statfs fs {};
  check(::fstatfs(devpts.get(), &fs), "fstatfs", "/dev/pts");
  if (fs.f_type != DEVPTS_SUPER_MAGIC) {
    throw Error("open terminal: the container's '/dev/pts' is not a devpts");
  }
  how.flags = O_RDWR | O_NOCTTY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | kReal;
  UniqueFd master(
      static_cast<int>(check(::syscall(SYS_openat2, devpts.get(), "ptmx", &how, sizeof how),
                             "open terminal", "/dev/pts/ptmx")));
  require_device_of_devpts(master.get(), "/dev/pts/ptmx", is_multiplexer);
  return master;
}

}  // namespace

Terminal open_terminal(int root, const spec::Process& process) {
  Terminal terminal;
  terminal.master = open_multiplexer(root);
  const int master = terminal.master.get();
  int locked = 0;
  check(::ioctl(master, TIOCSPTLCK, &locked), "unlock terminal");
  // By the master, not by a name: the name could lead elsewhere by now.
  terminal.slave = UniqueFd(
      check(::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC), "open terminal's slave"));
  require_device_of_devpts(terminal.slave.get(), "/dev/pts", is_slave);
  if (process.console_size) {
    winsize size{};
    size.ws_row = process.console_size->height;
    size.ws_col = process.console_size->width;
    check(::ioctl(master, TIOCSWINSZ, &size), "set process.consoleSize");
  }
  return terminal;
}

void give_terminal(const Terminal& terminal, const spec::User& user) {
  struct stat st {};
  check(::fstat(terminal.slave.get(), &st), "fstat", "terminal");
  // Its group stays what the mount says (gid=5 lets write(1) and its like at it).
  if (st.st_uid != user.uid) {
    check(::fchown(terminal.slave.get(), user.uid, static_cast<gid_t>(-1)), "chown", "terminal");
  }
}

void leave_line_ends(const Terminal& terminal) {
  termios modes{};
  check(::tcgetattr(terminal.slave.get(), &modes), "get modes of", "terminal");
  modes.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
  check(::tcsetattr(terminal.slave.get(), TCSANOW, &modes), "set modes of", "terminal");
}

void take_terminal(int slave) {
  if (::setsid() < 0 && errno != EPERM)
    throw Error("setsid", {}, errno);  // EPERM: leads one already
  check(::ioctl(slave, TIOCSCTTY, 0), "take controlling terminal");
  for (int number = 0; number < 3; ++number) {
    check(::dup2(slave, number), "take standard descriptor", std::to_string(number));
  }
}

UniqueFd connect_console(const std::string& path) {
  return connect_stream("connect to console socket", path);
}

void send_master(int console, int master) {
  // Receivers take the text for the terminal's name.
  send_message(console, "/dev/ptmx", {&master, 1});
}

void send_master(const std::string& console_socket_path, int master) {
  send_master(connect_console(console_socket_path).get(), master);
}

UniqueFd receive_master(int console) {
  Message message = receive_message(console);
  if (message.fds.size() != 1) throw Error("receive terminal: there is none in the message");
  return std::move(message.fds.front());
}

}  // namespace berth::runtime::process
