// The names that the parser knows, for who must say what this build can do (`berth features`).
#pragma once

#include <string>
#include <vector>

namespace berth::runtime::spec {

std::vector<std::string> known_capabilities();
std::vector<std::string> known_namespaces();
std::vector<std::string> known_memory_policy_modes();
std::vector<std::string> known_memory_policy_flags();
std::vector<std::string> known_hooks();
std::vector<std::string> known_seccomp_actions();
std::vector<std::string> known_seccomp_operators();
std::vector<std::string> known_seccomp_architectures();
std::vector<std::string> known_seccomp_flags();

}  // namespace berth::runtime::spec
