// process.scheduler, ioPriority and execCPUAffinity: when, after whom and where the program runs.
#include <linux/ioprio.h>
#include <linux/sched.h>

#include <algorithm>
#include <array>

#include "runtime/spec/areas.h"

namespace berth::runtime::spec {
namespace {

struct Named {
  std::string_view name;
  uint32_t value;
};
constexpr uint32_t kIsochronous = 4;  // SCHED_ISO: the specification's, never in a kernel
constexpr auto kPolicies = std::to_array<Named>({{"SCHED_OTHER", SCHED_NORMAL},
                                                 {"SCHED_FIFO", SCHED_FIFO},
                                                 {"SCHED_RR", SCHED_RR},
                                                 {"SCHED_BATCH", SCHED_BATCH},
                                                 {"SCHED_ISO", kIsochronous},
                                                 {"SCHED_IDLE", SCHED_IDLE},
                                                 {"SCHED_DEADLINE", SCHED_DEADLINE}});
constexpr auto kFlags =
    std::to_array<Named>({{"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
                          {"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
                          {"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
                          {"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
                          {"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
                          {"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
                          {"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX}});
constexpr auto kIoClasses = std::to_array<Named>({{"IOPRIO_CLASS_RT", IOPRIO_CLASS_RT},
                                                  {"IOPRIO_CLASS_BE", IOPRIO_CLASS_BE},
                                                  {"IOPRIO_CLASS_IDLE", IOPRIO_CLASS_IDLE}});

uint32_t value_of(const Node& node, const auto& table, std::string_view kind) {
  const auto found = std::ranges::find(table, node.string(), &Named::name);
  if (found == table.end()) node.fail_value("is not " + std::string(kind));
  return found->value;
}

// What the kernel would take for another policy's, or silently leave out.
void refuse_misplaced(const Node& node, const Scheduler& scheduler) {
  const bool real_time = scheduler.policy == SCHED_FIFO || scheduler.policy == SCHED_RR;
  if (scheduler.priority != 0 && !real_time) {
    node.at("priority").fail("is for SCHED_FIFO and SCHED_RR");
  }
  if (scheduler.policy == SCHED_DEADLINE) return;
  for (const char* key : {"runtime", "deadline", "period"}) {
    const auto given = node.find(key);
    if (given && given->integer<uint64_t>() != 0) given->fail("is for SCHED_DEADLINE");
  }
}

}  // namespace

Scheduler parse_scheduler(const Node& node) {
  const Node policy = node.at("policy");
  Scheduler scheduler;
  scheduler.policy = value_of(policy, kPolicies, "a scheduling policy");
  scheduler.name = policy.string();
  scheduler.nice = node.integer_if<int32_t>("nice", -20, 19).value_or(0);
  scheduler.priority = node.integer_if<uint32_t>("priority", 0, 99).value_or(0);
  if (const auto flags = node.find("flags")) {
    for (const Node& flag : flags->elements()) {
      scheduler.flags |= value_of(flag, kFlags, "a scheduling flag");
    }
  }
  scheduler.runtime = node.integer_if<uint64_t>("runtime").value_or(0);
  scheduler.deadline = node.integer_if<uint64_t>("deadline").value_or(0);
  scheduler.period = node.integer_if<uint64_t>("period").value_or(0);
  refuse_misplaced(node, scheduler);
  return scheduler;
}

IoPriority parse_io_priority(const Node& node) {
  const Node io_class = node.at("class");
  return {.io_class = static_cast<int>(value_of(io_class, kIoClasses, "a class of I/O priority")),
          .priority = node.integer_if<int>("priority", 0, 7).value_or(0)};
}

CpuAffinity parse_cpu_affinity(const Node& node) {
  CpuAffinity affinity;
  const auto read = [&](std::string_view key, std::optional<std::vector<unsigned>>& to) {
    const auto list = node.find(key);
    if (!list) return;
    auto cpus = parse_index_list(*list);
    if (!cpus.empty()) to = std::move(cpus);  // an empty string is as good as none
  };
  read("initial", affinity.initial);
  read("final", affinity.final);
  return affinity;
}

}  // namespace berth::runtime::spec
