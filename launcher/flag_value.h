// Values of an OCI runtime's options as its callers write them. Pure. Each throws Error with one
// line that names the option: `--memory: '12q' is not a size`.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace berth::launcher {

// Powers of 1024 whatever the spelling: `512m`, `1.5GB`, `64KiB`; a bare number is bytes, -1 none.
int64_t parse_bytes(std::string_view option, std::string_view text);
uint64_t parse_unsigned(std::string_view option, std::string_view text);
int64_t parse_signed(std::string_view option, std::string_view text);
// `5s`, `1m30s`, `100ms`, `1.5h`.
std::chrono::milliseconds parse_duration(std::string_view option, std::string_view text);

}  // namespace berth::launcher
