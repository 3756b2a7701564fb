// Where an OCI runtime's errors go: a line for people on standard error, and, where the caller
// named a log, a line there in the form that podman and containerd parse.
#pragma once

#include <string>

#include "launcher/log_level.h"
#include "launcher/verbs/runtime_verbs.h"

namespace berth::launcher {

// What is below the level that the caller wants is dropped. Debug lines go to the log alone, or,
// where there is none, to standard error in the log's form.
void log(const RuntimeOptions& runtime, Level level, const std::string& message);
// Makes the log's file where there is none: who named one reads it afterwards. False where it
// cannot be opened, which standard error is told of.
bool make_log(const RuntimeOptions& runtime);
// `{"level":"error","msg":"...","time":"2026-11-22T20:00:00Z"}`; text: `time="..." level=error
// msg="..."`. With a line end.
std::string log_line(bool json, Level level, const std::string& message, const std::string& time);
// Makes a debug line of each trace of the libraries, if the caller wants them. This process' alone:
// its children are on their way into containers, where names mean other files.
void log_traces(const RuntimeOptions& runtime);

}  // namespace berth::launcher
