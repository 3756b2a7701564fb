// What `checkpoint` and `restore` are asked for.
#pragma once

#include <string>

#include "runtime/container/create_request.h"
#include "runtime/criu/options.h"

namespace berth::runtime {

struct CheckpointRequest {
  std::string criu = "criu";  // the program, looked up in PATH
  criu::DumpOptions options;
};

struct RestoreRequest {
  CreateRequest create;
  std::string criu = "criu";
  criu::RestoreOptions options;
};

}  // namespace berth::runtime
