// Which processes are a claim's, whatever resctrl group they are in.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "launcher/prepare.h"

namespace berth::launcher {

// Those in the claim's own cgroup tree, and where Slurm made the cgroup the descendants of who
// holds it (slurmstepd, which is no task itself). Ascending.
std::vector<pid_t> processes_of(const Roots& roots, const std::string& claim);

// Sends those of a living claim that are in the default group back to where the ledger says: its
// group was removed by somebody and is there again. One line for each claim of which there were
// some.
std::vector<std::string> bring_back(const Roots& roots, const std::vector<std::string>& claims);

}  // namespace berth::launcher
