// The verb `features`.
#pragma once

#include <string>

#include "launcher/verbs/runtime_verbs.h"

namespace berth::launcher {

int features(const RuntimeOptions& runtime);
std::string features_json();

}  // namespace berth::launcher
