// info/last_cmd_status: a buffer of 512 bytes that is appended to until somebody clears it.
#pragma once

#include <array>
#include <string>

#include "tests/support/resctrl/profile.h"

namespace berth::test::resctrl {

class Status {
 public:
  explicit Status(Profile profile) : profile_(profile) {}

  void clear() { length_ = 0; }
  // Appends one line, worded as this version of the kernel does. Returns `error`, to be passed on.
  int put(int error, const std::string& line);
  std::string text() const;

 private:
  Profile profile_;
  std::array<char, 512> buffer_{};  // what was there before a clear still shows after an overflow
  size_t length_ = 0;               // more than the buffer holds: something did not fit
};

}  // namespace berth::test::resctrl
