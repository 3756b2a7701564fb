// Which cores of a node are free. A simple allocator: side by side below one L3 where that can be
// had, else below one, else below as few as possible.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace berth::rdt_simulate {

// A job's cores below one L3.
struct Part {
  size_t domain = 0;   // position of the L3
  uint64_t cores = 0;  // one bit each
  unsigned count() const;
  bool operator==(const Part&) const = default;
};

class Cores {
 public:
  Cores(size_t domains, unsigned cores_per_domain);
  // Nothing where fewer are free.
  std::optional<std::vector<Part>> take(unsigned count);
  void give_back(const std::vector<Part>& parts);
  unsigned free() const;

 private:
  std::optional<Part> below_one(unsigned count) const;
  std::vector<Part> spread(unsigned count) const;

  std::vector<uint64_t> free_;  // by domain
};

}  // namespace berth::rdt_simulate
