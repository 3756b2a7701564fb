// process.scheduler, ioPriority and execCPUAffinity: when, after whom and where the program runs.
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
constexpr auto kPolicies = std::to_array<Named>({{"SCHED_OTHER", SCHED_NORMAL},
                                                 {"SCHED_FIFO", SCHED_FIFO},
                                                 {"SCHED_RR", SCHED_RR},
                                                 {"SCHED_BATCH", SCHED_BATCH},
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
struct NamedIoClass {
  std::string_view name;
  IoClass value;
};
constexpr auto kIoClasses = std::to_array<NamedIoClass>({{"IOPRIO_CLASS_RT", IoClass::realtime},
                                                         {"IOPRIO_CLASS_BE", IoClass::best_effort},
                                                         {"IOPRIO_CLASS_IDLE", IoClass::idle}});

auto value_of(const Node& node, const auto& table, std::string_view kind) {
  const auto found = std::ranges::find_if(
      table, [name = node.string()](const auto& entry) { return entry.name == name; });
  if (found == table.end()) node.fail_value("is not " + one_of(kind, table));
  return found->value;
}

// `RUNTIME is above DEADLINE`, with both.
std::string above(uint64_t value, const char* what, uint64_t limit) {
  return std::to_string(value) + " is above the " + what + " " + std::to_string(limit);
}

void refuse_zero(const Node& node, const char* key, const Scheduler& scheduler, uint64_t value,
                 const char* what) {
  if (value != 0) return;
  if (const auto given = node.find(key)) given->fail("0: " + scheduler.name + what);
  node.fail_absent(key, "missing: " + scheduler.name + what);
}

// sched(7): runtime <= deadline <= period, all but the period given.
void check_deadline(const Node& node, const Scheduler& scheduler) {
  constexpr uint64_t kLeast = 1024;  // the kernel's own scale (kernel/sched/deadline.c)
  refuse_zero(node, "runtime", scheduler, scheduler.runtime, " needs nanoseconds");
  refuse_zero(node, "deadline", scheduler, scheduler.deadline, " needs nanoseconds");
  if (scheduler.runtime < kLeast) {
    node.at("runtime").fail(std::to_string(scheduler.runtime) + " is below 1024 nanoseconds");
  }
  if (scheduler.runtime > scheduler.deadline) {
    node.at("runtime").fail(above(scheduler.runtime, "deadline", scheduler.deadline));
  }
  if (scheduler.period != 0 && scheduler.deadline > scheduler.period) {
    node.at("deadline").fail(above(scheduler.deadline, "period", scheduler.period));
  }
}

// What the kernel would take for another policy's, or silently leave out.
void refuse_misplaced(const Node& node, const Scheduler& scheduler) {
  const bool real_time = scheduler.policy == SCHED_FIFO || scheduler.policy == SCHED_RR;
  if (real_time) {
    refuse_zero(node, "priority", scheduler, scheduler.priority, " needs one between 1 and 99");
    if (scheduler.nice != 0) {
      node.at("nice").fail(std::to_string(scheduler.nice) + " is not for " + scheduler.name +
                           ", which has a priority");
    }
  }
  if (scheduler.priority != 0 && !real_time) {
    node.at("priority")
        .fail(std::to_string(scheduler.priority) + " is for SCHED_FIFO and SCHED_RR");
  }
  if (scheduler.policy == SCHED_DEADLINE) return check_deadline(node, scheduler);
  for (const char* key : {"runtime", "deadline", "period"}) {
    const auto given = node.find(key);
    if (given && given->integer<uint64_t>() != 0) {
      given->fail(given->text() + " is for SCHED_DEADLINE");
    }
  }
}

}  // namespace

Scheduler parse_scheduler(const Node& node) {
  const Node policy = node.at("policy");
  if (policy.string() == "SCHED_ISO") policy.fail_value("is in the specification and no kernel");
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
  return {.io_class = value_of(io_class, kIoClasses, "a class of I/O priority"),
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
