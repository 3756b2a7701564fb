// The verbs that save a container in files and let it go on from them, by the program criu. Each
// throws Error or returns the exit status.
#pragma once

#include <string>

#include "launcher/verbs/runtime_verbs.h"
#include "runtime/container/checkpoint_request.h"

namespace berth::launcher {

inline constexpr const char* kDefaultImagePath = "checkpoint";

struct CheckpointOptions {
  std::string id;
  runtime::CheckpointRequest request;
  std::string page_server;  // as typed; empty: none
  int status_fd = -1;       // -1: none
};
int checkpoint(const RuntimeOptions& runtime, const CheckpointOptions& options);

struct RestoreVerbOptions {
  runtime::RestoreRequest request;
};
int restore(const RuntimeOptions& runtime, const RestoreVerbOptions& options);

}  // namespace berth::launcher
