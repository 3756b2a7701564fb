// linux.resources.memory.swap is the sum of memory and swap, and hangs on the limit on memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace berth::runtime::spec {

// Why a limit on swap (bytes; negative: none) cannot be beside that on memory, for a message behind
// its key; nothing where it can. 0 is not a limit: callers leave it out. Pure.
std::optional<std::string> swap_mistake(std::optional<int64_t> memory, int64_t swap);

}  // namespace berth::runtime::spec
