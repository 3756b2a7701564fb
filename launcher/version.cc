#include "launcher/version.h"

#include <nlohmann/json.hpp>

#include "launcher/verbs/features.h"
#include "runtime/process/seccomp_support.h"

namespace berth::launcher {
namespace {

struct Part {
  const char* word;
  const char* flag;  // in what `features` prints
};
constexpr Part kParts[] = {{"+SYSTEMD", "/linux/cgroup/systemd"},
                           {"+SELINUX", "/linux/selinux/enabled"},
                           {"+APPARMOR", "/linux/apparmor/enabled"},
                           {"+SECCOMP", "/linux/seccomp/enabled"},
                           {"+RDT", "/linux/intelRdt/enabled"}};

// Always there: libcap-ng is linked, and a container's devices on v2 are a program of ours.
constexpr const char* kAlways = "+CAP +EBPF";

}  // namespace

std::string version_text() {
  std::string text = "berth version " BERTH_VERSION "\n";
  if (*BERTH_COMMIT != '\0') text += "commit: " BERTH_COMMIT "\n";
  text += std::string("spec: ") + kSpecVersion + "\n";
  text += "libseccomp: " + runtime::process::seccomp_library_version() + "\n" + kAlways;
  const auto features = nlohmann::json::parse(features_json());
  for (const Part& part : kParts) {
    if (features.value(nlohmann::json::json_pointer(part.flag), false)) {
      text.append(" ").append(part.word);
    }
  }
  return text;
}

}  // namespace berth::launcher
