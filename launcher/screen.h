// The terminal as a page that is drawn again and again.
#pragma once

#include <signal.h>
#include <termios.h>

#include <chrono>
#include <optional>
#include <string_view>

#include "base/fd.h"

namespace berth::launcher {

// The alternate screen without cursor, keys unbuffered and not echoed; all is as it was when this
// ends. The signals that end a program are blocked meanwhile and told by `wait`.
class Screen {
 public:
  // `in` may be no terminal: then there are no keys. Throws Error.
  Screen(int in, int out);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  struct Size {
    size_t width = 80, height = 24;
  };
  Size size() const;
  void draw(std::string_view page) const;

  struct Event {
    enum class Kind { time_out, key, resized, signal, hung_up };
    Kind kind = Kind::time_out;
    int value = 0;  // the key, or the signal's number
  };
  Event wait(std::chrono::steady_clock::time_point until);

 private:
  void block_signals();
  std::optional<Event> next_signal() const;
  std::optional<Event> next_key();

  int in_, out_;
  bool keys_ = false;
  UniqueFd signals_;
  sigset_t mask_before_{};
  termios mode_before_{};
};

}  // namespace berth::launcher
