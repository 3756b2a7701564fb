#include "rdt/way_mask.h"

#include <bit>
#include <charconv>

#include "base/error.h"

namespace berth::rdt {

WayMask WayMask::run(unsigned lowest, unsigned count) {
  if (count > 64 || lowest > 64 - count) throw Error("make way mask", {}, ERANGE);
  if (count == 0) return WayMask();
  return WayMask((~uint64_t{0} >> (64 - count)) << lowest);
}

WayMask WayMask::parse(std::string_view hex) {
  uint64_t bits = 0;
  const char* end = hex.data() + hex.size();
  const auto [stop, error] = std::from_chars(hex.data(), end, bits, 16);
  if (error != std::errc() || stop != end) {
    throw Error("read way mask", hex, error == std::errc::result_out_of_range ? ERANGE : EINVAL);
  }
  return WayMask(bits);
}

bool WayMask::contiguous() const {
  return !empty() && bits_ == run(lowest(), count()).bits_;
}

std::vector<WayMask> WayMask::runs() const {
  std::vector<WayMask> result;
  uint64_t rest = bits_;
  while (rest != 0) {
    const auto start = static_cast<unsigned>(std::countr_zero(rest));
    const auto length = static_cast<unsigned>(std::countr_one(rest >> start));
    result.push_back(run(start, length));
    rest &= ~result.back().bits_;
  }
  return result;
}

WayMask WayMask::lowest_ways(unsigned count) const {
  uint64_t rest = bits_;
  for (; count > 0 && rest != 0; --count) rest &= rest - 1;  // less its lowest bit
  return WayMask(bits_ & ~rest);
}

WayMask WayMask::highest_ways(unsigned count) const {
  const unsigned all = this->count();
  return count >= all ? *this : minus(lowest_ways(all - count));
}

std::string WayMask::to_hex() const {
  char text[16];
  const auto [end, error] = std::to_chars(text, text + sizeof text, bits_, 16);
  return std::string(text, end);
}

}  // namespace berth::rdt
