// A set of L3 ways: one bit for each, lowest way first, as resctrl's capacity bitmasks (CBM).
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace berth::rdt {

class WayMask {
 public:
  constexpr WayMask() = default;
  constexpr explicit WayMask(uint64_t bits) : bits_(bits) {}
  // `count` ways from way `lowest` up.
  static WayMask run(unsigned lowest, unsigned count);
  // Hexadecimal as the kernel prints it, with or without padding, no 0x. Throws Error.
  static WayMask parse(std::string_view hex);

  constexpr uint64_t bits() const { return bits_; }
  unsigned count() const { return static_cast<unsigned>(std::popcount(bits_)); }
  bool empty() const { return bits_ == 0; }
  // Both of a mask that is not empty.
  unsigned lowest() const { return static_cast<unsigned>(std::countr_zero(bits_)); }
  unsigned highest() const { return 63U - static_cast<unsigned>(std::countl_zero(bits_)); }
  bool contiguous() const;  // one run (the empty mask is not)
  bool contains(WayMask other) const { return (bits_ & other.bits_) == other.bits_; }
  bool intersects(WayMask other) const { return (bits_ & other.bits_) != 0; }
  std::vector<WayMask> runs() const;           // its maximal runs, lowest first
  WayMask lowest_ways(unsigned count) const;   // all of them where it has no more
  WayMask highest_ways(unsigned count) const;  // likewise
  std::string to_hex() const;                  // `7ff`

  constexpr WayMask operator&(WayMask o) const { return WayMask(bits_ & o.bits_); }
  constexpr WayMask operator|(WayMask o) const { return WayMask(bits_ | o.bits_); }
  constexpr WayMask minus(WayMask o) const { return WayMask(bits_ & ~o.bits_); }
  constexpr bool operator==(const WayMask&) const = default;

 private:
  uint64_t bits_ = 0;
};

}  // namespace berth::rdt
