#include "launcher/screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace berth::launcher {
namespace {

constexpr std::string_view kEnter = "\033[?1049h\033[?25l";
constexpr std::string_view kLeave = "\033[0m\033[?25h\033[?1049l";
constexpr int kEnding[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

// In a destructor: there is nobody to tell that the terminal is gone.
void write_quietly(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) return;
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

Screen::Screen(int in, int out) : in_(in), out_(out) {
  block_signals();
  if (::isatty(in_) == 1 && ::tcgetattr(in_, &mode_before_) == 0) {
    termios mode = mode_before_;
    // Ctrl-C stays a signal; Ctrl-S does not stop the page, nor Ctrl-Z leave it on the screen.
    mode.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    mode.c_iflag &= ~static_cast<tcflag_t>(IXON);
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    mode.c_cc[VSUSP] = _POSIX_VDISABLE;
    keys_ = ::tcsetattr(in_, TCSADRAIN, &mode) == 0;
  }
  write_quietly(out_, kEnter);
}

Screen::~Screen() {
  write_quietly(out_, kLeave);
  if (keys_) ::tcsetattr(in_, TCSADRAIN, &mode_before_);
  ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
}

void Screen::block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : kEnding) sigaddset(&set, signal);
  sigaddset(&set, SIGWINCH);
  signals_ = UniqueFd(
      check(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd", "the screen's signals"));
  check(::sigprocmask(SIG_BLOCK, &set, &mask_before_), "sigprocmask");
}

Screen::Size Screen::size() const {
  winsize size{};
  if (::ioctl(out_, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

void Screen::draw(std::string_view page) const {
  write_all(out_, page, "the terminal");
}

std::optional<Screen::Event> Screen::next_signal() const {
  signalfd_siginfo info{};
  if (::read(signals_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  const int signal = static_cast<int>(info.ssi_signo);
  if (signal == SIGWINCH) return Event{Event::Kind::resized, 0};
  return Event{Event::Kind::signal, signal};
}

std::optional<Screen::Event> Screen::next_key() {
  char key = 0;
  const ssize_t got = ::read(in_, &key, 1);
  if (got == 1) return Event{Event::Kind::key, static_cast<unsigned char>(key)};
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return std::nullopt;
  return Event{Event::Kind::hung_up, 0};
}

Screen::Event Screen::wait(std::chrono::steady_clock::time_point until) {
  using std::chrono::milliseconds;
  while (true) {
    const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
    pollfd ready[] = {{signals_.get(), POLLIN, 0}, {keys_ ? in_ : -1, POLLIN, 0}};
    const int count =
        ::poll(ready, 2, static_cast<int>(std::clamp<int64_t>(left.count(), 0, 3'600'000)));
    if (count < 0 && errno != EINTR) throw Error("poll", "the terminal", errno);
    if (count > 0 && ready[0].revents != 0) {
      if (const auto event = next_signal()) return *event;
    }
    if (count > 0 && ready[1].revents != 0) {
      if (const auto event = next_key()) return *event;
    }
    if (std::chrono::steady_clock::now() >= until) return {};
  }
}

}  // namespace berth::launcher
