// Wrong configurations, each with the line that is said of it: for the parser alone and for
// `berth create`.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace berth::test {

struct BadConfig {
  const char* patch;    // JSON merge patch (RFC 7396) on the good configuration
  const char* message;  // what follows `config.json: `
};

// A configuration that berth runs: `sh` in `rootfs`, in its own namespaces of every type but user
// and time.
std::string good_config();
std::string patched_config(const char* patch);

// By area of the file, one source each.
std::span<const BadConfig> bad_top();
std::span<const BadConfig> bad_hooks();
std::span<const BadConfig> bad_process();
std::span<const BadConfig> bad_scheduling();
std::span<const BadConfig> bad_namespaces();
std::span<const BadConfig> bad_devices();
std::span<const BadConfig> bad_memory_and_cpu();
std::span<const BadConfig> bad_block_io();
std::span<const BadConfig> bad_other_resources();
std::span<const BadConfig> bad_seccomp();
std::span<const BadConfig> bad_rest_of_linux();

std::vector<BadConfig> all_bad_configs();

}  // namespace berth::test
