// Mistakes as tables: what lies in the test's folder, what is asked, and the one line that comes of
// it. In all texts DIR stands for the folder.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace berth::test {

using Words = std::vector<std::string>;

// A bundle that would leave a mark if its command ran on the host.
inline constexpr const char* kConfig = R"({
  "ociVersion": "1.0.2",
  "process": {"cwd": "/", "user": {}, "args": ["touch", "DIR/marker"]},
  "root": {"path": "rootfs"},
  "linux": {"namespaces": [{"type": "mount"}]}
})";
inline const std::string kConfigFile = "bundle/config.json", kPolicyFile = "policy.json";
// The keys that a policy may have, as an error lists them.
inline const std::string kPolicyKeys = "rdt, cgroup, limits, hostNamespaces, binds, runtimeJson";

struct BadCase {
  std::string name;
  Words words;          // behind `berth` or `srun`
  std::string message;  // behind `berth: `
  std::map<std::string, std::string> files = {};
  // What a file's text does not say.
  void (*change)(const std::string& bundle, const std::string& policy) = nullptr;
};

inline std::ostream& operator<<(std::ostream& stream, const BadCase& c) {
  return stream << c.name;
}

inline std::string name_of(const ::testing::TestParamInfo<BadCase>& info) {
  return info.param.name;
}

inline std::string wrong_amount(const std::string& text, const std::string& why) {
  return "--l3: '" + text + "' is not an amount of cache: " + why +
         "; allowed are ways ('4w'), a share ('1%' to '100%'), a size ('8MiB'; B, kB, MB, GB, KiB, "
         "MiB, GiB) or 'auto'";
}

}  // namespace berth::test
