// The few formats that control files have. Pure. What does not fit is passed over.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/resources/stats.h"

namespace berth::runtime::resources {

// `key number` lines, as in memory.stat.
std::map<std::string, uint64_t> keyed_numbers(std::string_view text);
// One number; `max` is UINT64_MAX.
uint64_t number(std::string_view text);
std::vector<uint64_t> numbers(std::string_view text);
// `0-3,8`
std::vector<uint16_t> listed(std::string_view text);
// `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, `full ...`
Pressure pressure(std::string_view text);
// v1: `8:0 Read 4096`; the `Total` at the end is not one of them.
std::vector<BlockIoEntry> v1_block_io(std::string_view text);
// v2's io.stat: `8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`.
void read_io_stat(std::string_view text, BlockIoStats& stats);

}  // namespace berth::runtime::resources
