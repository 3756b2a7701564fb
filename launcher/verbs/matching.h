// `--regex`: an id that stands for every container that it matches.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "launcher/verbs/runtime_verbs.h"

namespace berth::launcher {

// The ids in which the extended regular expression (regex(7)) is found, as they are now. Throws
// Error with what is wrong with the pattern.
std::vector<std::string> matching_ids(const RuntimeOptions& runtime, const std::string& pattern);

// `work` for each of them, whatever becomes of the others; an error is logged. Whether none failed.
// A container that has gone meanwhile is no failure.
bool for_each_match(const RuntimeOptions& runtime, const std::string& pattern,
                    const std::function<void(const std::string& id)>& work);

}  // namespace berth::launcher
