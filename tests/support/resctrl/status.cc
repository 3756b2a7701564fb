#include "tests/support/resctrl/status.h"

#include <algorithm>

#include "tests/support/resctrl/kernel_text.h"

namespace berth::test::resctrl {

int Status::put(int error, const std::string& line) {
  const std::string words = profile_.words(line) + '\n';
  if (length_ + words.size() <= buffer_.size()) {
    std::copy(words.begin(), words.end(), buffer_.begin() + static_cast<long>(length_));
    length_ += words.size();
  } else {
    length_ = buffer_.size() + 1;
  }
  return error;
}

std::string Status::text() const {
  if (length_ == 0) return "ok\n";
  const size_t used = std::min(length_, buffer_.size());
  std::string text(until_nul({buffer_.data(), used}));
  if (length_ > buffer_.size() && profile_.from(Kernel::v7_0)) text += "[truncated]\n";
  return text;
}

}  // namespace berth::test::resctrl
