// Masks against one another: who overlaps whom, what a new group begins with, what a bit is used
// for.
#pragma once

#include "tests/support/resctrl/state.h"

namespace berth::test::resctrl {

// Whether `mask` for `closid` meets what any other group may use, the other half of a split cache
// included; the bits that the hardware shares too, unless only exclusive groups are asked about.
bool overlaps(const State& state, const Schema& schema, size_t domain, uint32_t mask,
              unsigned closid, bool exclusive_only);

// Whether a group can be exclusive as it is: 0, or EINVAL with a line in the status.
int check_exclusive(State& state, const Group& group);

// Gives a new group what is unused or shared, in each domain the lowest run of bits. 0 or ENOSPC.
int give_first_values(State& state, const Group& group);

// info/*/bit_usage.
std::string bit_usage(const State& state, const Schema& schema);

// The files `schemata` and `size` of a group.
std::string schemata_text(const State& state, const Group& group);
std::string size_text(const State& state, const Group& group);

}  // namespace berth::test::resctrl
