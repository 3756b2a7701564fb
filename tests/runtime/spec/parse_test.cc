#include "runtime/spec/parse.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/file.h"

namespace berth::runtime::spec {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

Spec engine() {
  return parse_spec(read_file(AT_FDCWD, BERTH_SOURCE_DIR "/tests/fixtures/config/engine.json"));
}

TEST(Parse, ReadsTheProcess) {
  const Spec spec = engine();
  ASSERT_TRUE(spec.process);
  const Process& process = *spec.process;
  EXPECT_EQ(process.user.uid, 1000u);
  EXPECT_EQ(process.user.gid, 100u);
  EXPECT_EQ(process.user.umask, 022u);
  EXPECT_THAT(process.user.additional_gids, ElementsAre(100u, 2000u));
  EXPECT_THAT(process.args, ElementsAre("/usr/bin/python3", "-c", "print('hello')"));
  EXPECT_THAT(process.env,
              ElementsAre("PATH=/usr/bin:/bin", "HOME=/home/ana", "EMPTY=", "container=engine"));
  EXPECT_EQ(process.cwd, "/home/ana");
  EXPECT_FALSE(process.terminal);
  EXPECT_FALSE(process.no_new_privileges);
  EXPECT_EQ(process.oom_score_adj, 100);
}

TEST(Parse, ReadsCapabilitiesAndTakesNullForAbsent) {
  const Spec spec = engine();
  ASSERT_TRUE(spec.process->capabilities);
  EXPECT_THAT(spec.process->capabilities->bounding, ElementsAre("CAP_CHOWN", "CAP_SETUID"));
  EXPECT_THAT(spec.process->capabilities->effective, ElementsAre("CAP_CHOWN"));
  EXPECT_TRUE(spec.process->capabilities->inheritable.empty());
  EXPECT_TRUE(spec.process->capabilities->ambient.empty());
}

TEST(Parse, ReadsResourceLimitsUpToInfinity) {
  const Spec spec = engine();
  ASSERT_EQ(spec.process->rlimits.size(), 2u);
  EXPECT_EQ(spec.process->rlimits[0].resource, RLIMIT_NOFILE);
  EXPECT_EQ(spec.process->rlimits[0].soft, 1024u);
  EXPECT_EQ(spec.process->rlimits[0].hard, 1048576u);
  EXPECT_EQ(spec.process->rlimits[1].type, "RLIMIT_CORE");
  EXPECT_EQ(spec.process->rlimits[1].hard, uint64_t{RLIM_INFINITY});
}

TEST(Parse, ReadsRootMountsAnnotationsAndHooks) {
  const Spec spec = engine();
  EXPECT_EQ(spec.oci_version, "1.2.0");
  ASSERT_TRUE(spec.root);
  EXPECT_EQ(spec.root->path, "/var/lib/engine/overlay/merged");
  EXPECT_FALSE(spec.root->readonly);
  EXPECT_EQ(spec.hostname, "node7");
  ASSERT_EQ(spec.mounts.size(), 2u);
  EXPECT_EQ(spec.mounts[1].destination, "/data");
  EXPECT_EQ(spec.mounts[1].type, "bind");
  EXPECT_EQ(spec.mounts[1].source, "/scratch/ana");
  EXPECT_THAT(spec.mounts[1].options, ElementsAre("rbind", "rprivate", "ro"));
  EXPECT_THAT(spec.annotations, ElementsAre(Pair("org.example.key", "value"),
                                            Pair("run.oci.keep_original_groups", "1")));
  ASSERT_EQ(spec.hooks.create_container.size(), 1u);
  EXPECT_EQ(spec.hooks.create_container[0].path, "/usr/bin/hook");
  EXPECT_EQ(spec.hooks.create_container[0].timeout, 5);
  EXPECT_TRUE(spec.hooks.poststop.empty());
}

TEST(Parse, ReadsNamespacesAndMappings) {
  const Spec spec = engine();
  EXPECT_TRUE(spec.has_namespace(NamespaceType::cgroup));
  EXPECT_FALSE(spec.has_namespace(NamespaceType::time));
  ASSERT_NE(spec.find_namespace(NamespaceType::network), nullptr);
  EXPECT_EQ(spec.find_namespace(NamespaceType::network)->path, "/run/netns/n1");
  EXPECT_EQ(spec.find_namespace(NamespaceType::pid)->path, "");
  EXPECT_THAT(spec.linux_.uid_mappings,
              ElementsAre(IdMapping{.container_id = 0, .host_id = 1000, .size = 1},
                          IdMapping{.container_id = 1, .host_id = 100000, .size = 65536}));
}

TEST(Parse, ReadsResources) {
  const Resources resources = engine().linux_.resources;
  EXPECT_EQ(resources.memory_limit, 104857600);
  EXPECT_EQ(resources.memory_swap, -1);
  EXPECT_EQ(resources.memory_reservation, 52428800);
  EXPECT_EQ(resources.cpu_shares, 512u);
  EXPECT_EQ(resources.cpu_quota, 50000);
  EXPECT_EQ(resources.cpus, "0-1");
  EXPECT_EQ(resources.pids_limit, 2048);
  EXPECT_THAT(resources.unified, ElementsAre(Pair("memory.high", "80000000")));
  ASSERT_EQ(resources.devices.size(), 3u);
  EXPECT_EQ(resources.devices[0].type, 'a');
  EXPECT_FALSE(resources.devices[0].allow);
  EXPECT_EQ(resources.devices[1].minor, 229);
  EXPECT_EQ(resources.devices[2].major, 136);
  EXPECT_EQ(resources.devices[2].minor, std::nullopt);
}

TEST(Parse, ReadsDevicesPathsAndSysctls) {
  const Linux linux_ = engine().linux_;
  ASSERT_EQ(linux_.devices.size(), 2u);
  EXPECT_EQ(linux_.devices[0].path, "/dev/fuse");
  EXPECT_EQ(linux_.devices[0].file_mode, 0666u);
  EXPECT_EQ(linux_.devices[1].type, 'p');
  EXPECT_EQ(linux_.cgroups_path, "/engine/c1");
  EXPECT_EQ(linux_.rootfs_propagation, "rslave");
  EXPECT_THAT(linux_.masked_paths, ElementsAre("/proc/kcore", "/sys/firmware"));
  EXPECT_THAT(linux_.readonly_paths, ElementsAre("/proc/sys"));
  EXPECT_THAT(linux_.sysctl, ElementsAre(Pair("kernel.shmmax", "1000000"),
                                         Pair("net.ipv4.ping_group_range", "0 0")));
}

TEST(Parse, TakesADevicesPathWithoutSlashesAtItsEnd) {
  const Spec spec = parse_spec(R"({"ociVersion": "1.0.2", "root": {"path": "rootfs"},
    "process": {"cwd": "/", "args": ["a"]}, "linux": {"devices": [
      {"path": "/dev/x//", "type": "p", "major": 8, "minor": 666}]}})");
  EXPECT_EQ(spec.linux_.devices.at(0).path, "/dev/x");
  EXPECT_EQ(spec.linux_.devices.at(0).major, 0) << "a fifo has no number";
}

TEST(Parse, ReadsSeccomp) {
  const auto seccomp = engine().linux_.seccomp;
  ASSERT_TRUE(seccomp);
  EXPECT_EQ(seccomp->default_action, "SCMP_ACT_ERRNO");
  EXPECT_EQ(seccomp->default_errno_ret, 38u);
  EXPECT_THAT(seccomp->architectures, ElementsAre("SCMP_ARCH_X86_64", "SCMP_ARCH_X86"));
  EXPECT_THAT(seccomp->flags, ElementsAre("SECCOMP_FILTER_FLAG_LOG"));
  ASSERT_EQ(seccomp->syscalls.size(), 3u);
  EXPECT_THAT(seccomp->syscalls[0].names, ElementsAre("read", "write"));
  ASSERT_EQ(seccomp->syscalls[1].args.size(), 1u);
  EXPECT_EQ(seccomp->syscalls[1].args[0].op, "SCMP_CMP_MASKED_EQ");
  EXPECT_EQ(seccomp->syscalls[1].args[0].value_two, 1u);
  EXPECT_EQ(seccomp->syscalls[2].errno_ret, 38u);
}

// As other runtimes read it: an empty list is a word, none is the usual flag.
TEST(Parse, ASeccompFilterWithoutFlagsSlowsNoSpeculationDown) {
  const auto flags = [](const std::string& properties) {
    return parse_spec(
               R"({"ociVersion": "1.2.0", "root": {"path": "r"}, "linux": {"seccomp": {
                   "defaultAction": "SCMP_ACT_ALLOW")" +
               properties + "}}}")
        .linux_.seccomp->flags;
  };
  EXPECT_THAT(flags(""), ElementsAre("SECCOMP_FILTER_FLAG_SPEC_ALLOW"));
  EXPECT_THAT(flags(R"(, "flags": [])"), ElementsAre());
}

Spec with_process(const std::string& properties) {
  return parse_spec(R"({"ociVersion": "1.2.0", "root": {"path": "r"},
                        "process": {"args": ["sh"], "cwd": "/", )" +
                    properties + "}}");
}

TEST(Parse, LeavesOutUnknownCapabilitiesWithAWarning) {
  const Spec spec =
      with_process(R"("capabilities": {"ambient": ["CAP_CHOWN", "CAP_FLY"], "bounding": ["X"],
          "permitted": ["CAP_CHOWN"], "inheritable": ["CAP_CHOWN"]})");
  EXPECT_THAT(spec.process->capabilities->ambient, ElementsAre("CAP_CHOWN"));
  EXPECT_THAT(spec.warnings,
              ElementsAre("process.capabilities.bounding[0]: 'X' is not a capability: "
                          "it is left out",
                          "process.capabilities.ambient[1]: 'CAP_FLY' is not a capability: "
                          "it is left out"));
}

TEST(Parse, WarnsOfAmbientCapabilitiesThatCannotBeRaised) {
  const Spec spec = with_process(R"("capabilities": {"ambient": ["CAP_CHOWN", "CAP_KILL"],
      "permitted": ["CAP_KILL"], "inheritable": ["CAP_CHOWN"]})");
  const std::string start = "process.capabilities.ambient: can't raise ambient capability ";
  EXPECT_THAT(spec.warnings, ElementsAre(start + "CAP_CHOWN: it is not in permitted",
                                         start + "CAP_KILL: it is not in inheritable"));
}

TEST(Parse, ReadsSchedulerPriorityAndAffinity) {
  const Process process = *with_process(R"("scheduler": {"policy": "SCHED_DEADLINE",
      "flags": ["SCHED_FLAG_RESET_ON_FORK", "SCHED_FLAG_DL_OVERRUN"],
      "runtime": 2000, "deadline": 3000, "period": 4000},
      "ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 6},
      "execCPUAffinity": {"initial": "8,0-2,1", "final": ""})")
                               .process;
  ASSERT_TRUE(process.scheduler);
  EXPECT_EQ(process.scheduler->policy, 6u);
  EXPECT_EQ(process.scheduler->flags, 5u);
  EXPECT_EQ(process.scheduler->deadline, 3000u);
  ASSERT_TRUE(process.io_priority);
  EXPECT_EQ(process.io_priority->io_class, IoClass::best_effort);
  EXPECT_EQ(process.io_priority->priority, 6);
  ASSERT_TRUE(process.exec_cpu_affinity.initial);
  EXPECT_THAT(*process.exec_cpu_affinity.initial, ElementsAre(0, 1, 2, 8));
  EXPECT_FALSE(process.exec_cpu_affinity.final);
}

TEST(Parse, ReadsPersonalityMemoryPolicyAndTimeOffsets) {
  const Spec spec = parse_spec(R"({"ociVersion": "1.2.0", "root": {"path": "r"}, "linux": {
      "namespaces": [{"type": "time"}], "personality": {"domain": "LINUX32", "flags": ["X"]},
      "memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0,2-3", "flags": ["MPOL_F_STATIC_NODES"]},
      "timeOffsets": {"monotonic": {"secs": -5, "nanosecs": 7}, "boottime": {"secs": 9}}}})");
  EXPECT_EQ(spec.linux_.personality, 8u);
  EXPECT_EQ(spec.warnings.size(), 1u);
  ASSERT_TRUE(spec.linux_.memory_policy);
  EXPECT_EQ(spec.linux_.memory_policy->mode, 2 | 1 << 15);
  EXPECT_THAT(spec.linux_.memory_policy->nodes, ElementsAre(0, 2, 3));
  EXPECT_THAT(spec.linux_.time_offsets,
              ElementsAre(TimeOffset{.clock = "boottime", .seconds = 9, .nanoseconds = 0},
                          TimeOffset{.clock = "monotonic", .seconds = -5, .nanoseconds = 7}));
}

TEST(Parse, AProcessFileHasItsOwnName) {
  std::vector<std::string> warnings;
  EXPECT_THAT(parse_process_document(R"({"args": ["a"], "cwd": "/x"})", "p.json", warnings).args,
              ElementsAre("a"));
  try {
    parse_process_document(R"({"args": ["a"], "cwd": "x"})", "p.json", warnings);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.message(), "p.json: cwd: 'x' is not an absolute path");
  }
  EXPECT_TRUE(warnings.empty());
}

TEST(Parse, NeedsNoMoreThanAVersionAndARoot) {
  const Spec spec = parse_spec(R"({"ociVersion": "1.0.2-dev", "root": {"path": "rootfs"}})");
  EXPECT_FALSE(spec.process);
  EXPECT_TRUE(spec.linux_.namespaces.empty());
  EXPECT_FALSE(spec.linux_.seccomp);
}

TEST(Parse, IgnoresUnknownProperties) {
  const Spec spec = parse_spec(R"({"ociVersion": "1.9.0", "root": {"path": "r", "future": [1]},
                                   "vm": {"kernel": {}}, "linux": {"future": {"x": 1}}})");
  EXPECT_EQ(spec.root->path, "r");
}

}  // namespace
}  // namespace berth::runtime::spec
