#include "tests/runtime/spec/bad_config/bad_config.h"

#include <nlohmann/json.hpp>

namespace berth::test {

std::string good_config() {
  return R"({
    "ociVersion": "1.2.0",
    "process": {"args": ["sh"], "cwd": "/", "env": ["PATH=/bin"]},
    "root": {"path": "rootfs"},
    "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"}],
    "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}, {"type": "network"},
                             {"type": "ipc"}, {"type": "uts"}, {"type": "cgroup"}]}})";
}

std::string patched_config(const char* patch) {
  auto config = nlohmann::json::parse(good_config());
  config.merge_patch(nlohmann::json::parse(patch));
  return config.dump();
}

std::vector<BadConfig> all_bad_configs() {
  std::vector<BadConfig> all;
  for (const auto& area : {bad_top(), bad_hooks(), bad_process(), bad_scheduling(),
                           bad_namespaces(), bad_devices(), bad_memory_and_cpu(), bad_block_io(),
                           bad_other_resources(), bad_seccomp(), bad_rest_of_linux()}) {
    all.insert(all.end(), area.begin(), area.end());
  }
  return all;
}

}  // namespace berth::test
