#include "runtime/container/relay.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "runtime/container/notify.h"
#include "runtime/container/wait.h"

namespace berth::runtime {
namespace {

// Of this process' terminal, whichever of its standard descriptors that is. Nothing where nobody
// has said one: process.consoleSize stays.
std::optional<winsize> own_size() {
  winsize size{};
  for (const int number : {0, 1, 2}) {
    if (::ioctl(number, TIOCGWINSZ, &size) == 0 && size.ws_col != 0) return size;
  }
  return std::nullopt;
}

// This process' own terminal, if it has one: raw while this lives.
class RawTerminal {
 public:
  RawTerminal() : has_(::tcgetattr(0, &before_) == 0) {
    if (!has_) return;
    termios raw = before_;
    ::cfmakeraw(&raw);
    raw.c_oflag |= before_.c_oflag & OPOST;  // it ends lines, the container's terminal does not
    ::tcsetattr(0, TCSANOW, &raw);
  }
  ~RawTerminal() {
    // TCSADRAIN: what the program said last is shown as it was meant.
    if (has_) ::tcsetattr(0, TCSADRAIN, &before_);
  }
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

 private:
  termios before_{};
  bool has_;
};

class Relay {
 public:
  Relay(const Child& child, int master, const SignalQueue& signals, const NotifySocket* notify)
      : child_(child), master_(master), signals_(signals), notify_(notify) {
    copy_size();
    // A program that does not read must not keep us from its output.
    check(::fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK), "make non-blocking", "terminal");
  }

  int run() {
    for (bool ended = false; !ended;) {
      pollfd fds[] = {{signals_.fd(), POLLIN, 0},
                      {child_.pidfd.get(), POLLIN, 0},
                      {input_open_ && pending_.empty() ? 0 : -1, POLLIN, 0},
                      {master_, static_cast<short>(POLLIN | (pending_.empty() ? 0 : POLLOUT)), 0},
                      {notify_ != nullptr ? notify_->fd() : -1, POLLIN, 0}};
      if (!output_open_) fds[3].fd = -1;
      if (::poll(fds, std::size(fds), -1) < 0 && errno != EINTR) throw Error("poll", {}, errno);
      if (fds[0].revents != 0) take_signals();
      if (fds[2].revents != 0) take_input();
      if ((fds[3].revents & POLLOUT) != 0) pass_input();
      if ((fds[3].revents & (POLLIN | POLLHUP | POLLERR)) != 0) pass_output();
      if (notify_ != nullptr) (void)notify_->pass_on();
      ended = fds[1].revents != 0;
    }
    while (pass_output()) {  // what it said last
    }
    return exit_status(wait_for_end(child_));
  }

 private:
  void copy_size() const {
    if (const auto size = own_size()) ::ioctl(master_, TIOCSWINSZ, &*size);
  }

  void take_signals() const {
    while (const auto signal = signals_.next()) {
      const auto number = static_cast<int>(signal->ssi_signo);
      if (number == SIGWINCH) {
        copy_size();
      } else if (number != SIGCHLD && number != SIGPIPE) {
        send_signal(child_, number);
      }
    }
  }

  void take_input() {
    char buffer[4096];
    const ssize_t n = ::read(0, buffer, sizeof buffer);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (n <= 0) {
      input_open_ = false;
      return;
    }
    pending_.assign(buffer, static_cast<size_t>(n));
    pass_input();
  }

  void pass_input() {
    const ssize_t n = ::write(master_, pending_.data(), pending_.size());
    if (n > 0) pending_.erase(0, static_cast<size_t>(n));
    if (n < 0 && errno != EAGAIN && errno != EINTR) pending_.clear();  // the slave is closed
  }

  // Whether there may be more.
  bool pass_output() {
    if (!output_open_) return false;
    char buffer[8192];
    const ssize_t n = ::read(master_, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) return true;
    if (n < 0 && errno == EAGAIN) return false;
    // EIO: every slave is closed; none may be opened again.
    if (n <= 0) return output_open_ = false;
    try {
      write_all(1, {buffer, static_cast<size_t>(n)}, "standard output");
    } catch (const Error&) {
      output_open_ = false;  // nobody listens; the program's status still counts
    }
    return output_open_;
  }

  const Child& child_;
  int master_;
  const SignalQueue& signals_;
  const NotifySocket* notify_;
  RawTerminal raw_;
  std::string pending_;  // input that the terminal had no room for
  bool input_open_ = true, output_open_ = true;
};

}  // namespace

void take_own_size(spec::Process& process) {
  if (const auto size = own_size()) {
    process.console_size = spec::ConsoleSize{.height = size->ws_row, .width = size->ws_col};
  }
}

int relay_and_wait(const Child& child, const UniqueFd& master) {
  return relay_and_wait(child, master, SignalQueue());
}

int relay_and_wait(const Child& child, const UniqueFd& master, const SignalQueue& signals,
                   const NotifySocket* notify) {
  return Relay(child, master.get(), signals, notify).run();
}

}  // namespace berth::runtime
