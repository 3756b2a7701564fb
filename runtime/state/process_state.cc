#include "runtime/state/process_state.h"

#include <nlohmann/json.hpp>

namespace berth::runtime {

std::string process_state_json(pid_t pid, const std::string& metadata, const std::string& state) {
  const auto container = nlohmann::ordered_json::parse(state);
  nlohmann::ordered_json result{
      {"ociVersion", container.at("ociVersion")}, {"fds", {"seccompFd"}}, {"pid", pid}};
  if (!metadata.empty()) result["metadata"] = metadata;
  result["state"] = container;
  return result.dump();
}

}  // namespace berth::runtime
