// The command line: parses, then calls one verb. The only user of CLI11.
#pragma once

#include <vector>

namespace berth::launcher {

// `descriptors`: those open when the program started. Returns the exit status.
int command_line(int argc, char** argv, const std::vector<int>& descriptors);

}  // namespace berth::launcher
