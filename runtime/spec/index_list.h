// The kernel's list format of CPUs and memory nodes (cpuset(7)): `0-3,8`. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace berth::runtime::spec {

// Sorted, each once. Nothing where the text is none.
std::optional<std::vector<unsigned>> index_list(std::string_view text);

}  // namespace berth::runtime::spec
