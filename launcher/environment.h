// The environment of a program in a container: the bundle's and the task's, by one rule. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace berth::launcher {

// `NAME=value` each. Where only one side sets a name, that value is taken. Where both do, the
// task's wins for SLURM_*, PMI*, PMIX_* and the names in `exported` (srun --export=NAME=value),
// else the bundle's. berth's own variables (see kPrivatePrefix) are left out.
std::vector<std::string> merge_environment(const std::vector<std::string>& bundle,
                                           const std::vector<std::string>& task,
                                           const std::set<std::string>& exported);

// The names that an --export value sets: `ALL,FOO=bar,BAZ` gives FOO.
std::set<std::string> exported_names(std::string_view export_option);

// Variables that berth's parts hand to each other begin with this. SLURM*, for Slurm passes those
// on whatever
// --export says (22.05, src/common/env.c, env_array_merge_slurm).
inline constexpr std::string_view kPrivatePrefix = "SLURM_BERTH_";

}  // namespace berth::launcher
