#include "tests/support/resctrl/profile.h"

#include <array>
#include <utility>

namespace berth::test::resctrl {

std::string Profile::words(std::string message) const {
  if (from(Kernel::v6_1)) return message;
  using Pair = std::pair<std::string_view, std::string_view>;
  static constexpr std::array kOld = {
      Pair{"Unknown or unsupported resource", "unknown/unsupported resource"},
      Pair{"Duplicate domain", "duplicate domain"},
      Pair{"Non-hex character in the mask", "non-hex character in mask"},
      Pair{"Invalid MB value", "Non-decimal digit in MB value"},
      Pair{"Mask out of range", "mask out of range"},
      Pair{"The mask ", "mask "},
      Pair{"bits in the mask", "bits in mask"},
      Pair{"Out of ", "out of "},
      Pair{"Bad CPU list/mask", "bad cpu list/mask"},
      Pair{"Can only assign online CPUs", "can only assign online cpus"},
  };
  for (const auto& [now, then] : kOld) {
    const size_t at = message.find(now);
    if (at != std::string::npos) return message.replace(at, now.size(), then);
  }
  return message;
}

}  // namespace berth::test::resctrl
