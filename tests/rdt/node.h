// A node for tests of what is decided: claims come and go as allocate says, without a kernel.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "rdt/allocate.h"

namespace berth::rdt {

// A wish for the L3s of these ids; each is of 11 MiB, and half of its 8 CPUs are the claim's.
Wish wish_for(std::string_view amount, const std::vector<unsigned>& l3);
Wish shared_wish(std::string_view amount, const std::vector<unsigned>& l3);
Wish code_data_wish(std::string_view code, std::string_view data, const std::vector<unsigned>& l3);
Wish bandwidth_wish(std::string_view bandwidth, const std::vector<unsigned>& l3);
CacheWish cache_wish(std::string_view amount);
CacheWish apart(std::string_view code, std::string_view data);

struct Node {
  // L3 alone, with monitoring.
  explicit Node(uint64_t full = 0x7ff, uint64_t shareable = 0x600,
                std::vector<unsigned> domains = {0, 1}, unsigned min_ways = 1);
  void add_l2(uint64_t full, std::vector<unsigned> domains);
  void add_bandwidth();
  // Another program's group: its ways by position of the domain.
  void add_stranger(const std::string& name, const std::vector<uint64_t>& l3);

  std::variant<Grant, Refusal> ask(const std::string& claim, const Wish& wish) const;
  Grant take(const std::string& claim, const Wish& wish);  // a refusal fails the test
  Grant take(const std::string& claim, std::string_view amount, const std::vector<unsigned>& l3) {
    return take(claim, wish_for(amount, l3));
  }
  std::string refusal(const Wish& wish) const;  // `granted` where it is none
  std::string refusal(std::string_view amount, const std::vector<unsigned>& l3) const {
    return refusal(wish_for(amount, l3));
  }
  void give_back(const std::string& claim) { layout = layout.without(claim); }

  // What the kernel is to hold for a claim's group, and for the default one (""): `0=f;1=400`,
  // data/code where they differ.
  std::string masks(const std::string& claim = "", Cache cache = Cache::l3) const;
  std::string figures(const std::string& claim) const;  // of MB

  Capability capability;
  Layout layout;
  std::vector<Foreign> foreign;
  Rules rules;
};

// `berth_1: L3 0 30->3`, one for each move.
std::vector<std::string> told(const std::vector<Moved>& moves);

}  // namespace berth::rdt
