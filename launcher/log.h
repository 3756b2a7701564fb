// Where an OCI runtime's errors go: a line for people on standard error, and, where the caller
// named a log file, a line there in the form that podman and containerd parse.
#pragma once

#include <string>

#include "launcher/verbs/runtime_verbs.h"

namespace berth::launcher {

enum class Level { warning, error };
void log(const RuntimeOptions& runtime, Level level, const std::string& message);
// `{"level":"error","msg":"...","time":"2026-11-22T20:00:00Z"}`; text: `time="..." level=error
// msg="..."`. With a line end.
std::string log_line(bool json, Level level, const std::string& message, const std::string& time);

}  // namespace berth::launcher
