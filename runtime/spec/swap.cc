#include "runtime/spec/swap.h"

namespace berth::runtime::spec {

std::optional<std::string> swap_mistake(std::optional<int64_t> memory, int64_t swap) {
  if (swap < 0) return std::nullopt;
  if (!memory || *memory < 0) {
    return std::to_string(swap) + ": a limit on swap needs one on memory (memory.limit)";
  }
  if (swap >= *memory) return std::nullopt;
  return std::to_string(swap) + " is less than memory.limit (" + std::to_string(*memory) +
         "): it is the sum of memory and swap";
}

}  // namespace berth::runtime::spec
