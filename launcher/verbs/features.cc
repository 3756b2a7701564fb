// The verb `features` (runtime-spec, features.md): what this build acts on, from the tables that
// its parsers use, and of that what this kernel has.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "launcher/verbs/features.h"
#include "launcher/version.h"
#include "runtime/process/seccomp_support.h"
#include "runtime/rootfs/mount_options.h"
#include "runtime/spec/known.h"

namespace berth::launcher {
namespace {

using nlohmann::ordered_json;

ordered_json seccomp() {
  const auto support = runtime::process::seccomp_support();
  return {{"enabled", true},
          {"actions", support.actions},
          {"operators", support.operators},
          {"archs", support.architectures},
          {"knownFlags", support.known_flags},
          {"supportedFlags", support.supported_flags}};
}

}  // namespace

std::string features_json() {
  namespace spec = runtime::spec;
  const ordered_json yes{{"enabled", true}};
  const ordered_json features{
      {"ociVersionMin", "1.0.0"},
      {"ociVersionMax", kSpecVersion},
      {"hooks", spec::known_hooks()},
      {"mountOptions", runtime::rootfs::known_mount_options()},
      {"linux",
       {{"namespaces", spec::known_namespaces()},
        {"capabilities", spec::known_capabilities()},
        {"cgroup",
         {{"v1", true}, {"v2", true}, {"systemd", true}, {"systemdUser", true}, {"rdma", true}}},
        {"seccomp", seccomp()},
        {"apparmor", yes},
        {"selinux", yes},
        {"intelRdt", {{"enabled", true}, {"schemata", true}, {"monitoring", true}}},
        {"memoryPolicy",
         {{"modes", spec::known_memory_policy_modes()},
          {"flags", spec::known_memory_policy_flags()}}},
        {"mountExtensions", {{"idmap", {{"enabled", true}}}}},
        {"netDevices", yes}}},
      {"annotations",
       {{"io.github.seccomp.libseccomp.version", runtime::process::seccomp_library_version()},
        {"org.opencontainers.runc.checkpoint.enabled", "true"}}},
      {"potentiallyUnsafeConfigAnnotations",
       {"org.systemd.property.", "run.oci.keep_original_groups", "run.oci.pidfd_receiver",
        "run.oci.seccomp_fail_unknown_syscall"}}};
  return features.dump(4) + "\n";
}

int features(const RuntimeOptions&) {
  std::fputs(features_json().c_str(), stdout);
  return 0;
}

}  // namespace berth::launcher
