// The other files of a group: `mode`, `cpus`, `cpus_list`, `tasks`. Each write gives 0 or an errno.
#pragma once

#include <string_view>

#include "tests/support/resctrl/state.h"

namespace berth::test::resctrl {

int write_mode(State& state, Group& group, std::string_view written);
std::string mode_text(const Group& group);

// mba_MBps_event: which bandwidth the software controller goes by.
int write_bandwidth_event(State& state, Group& group, std::string_view written);

enum class CpuFormat { mask, list };
int write_cpus(State& state, Group& group, CpuFormat format, std::string_view written);

int write_tasks(State& state, const Group& group, std::string_view written, const Caller& caller);
std::string tasks_text(const State& state, const Group& group);
// Puts every task of `from` into `to`.
void move_tasks(const State& state, const Group& from, const Group& to);

}  // namespace berth::test::resctrl
