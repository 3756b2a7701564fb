#include "runtime/process/scheduler.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"

namespace berth::runtime::process {

bool is_inherited(const spec::Scheduler& scheduler) {
  return scheduler.policy != SCHED_DEADLINE && (scheduler.flags & SCHED_FLAG_RESET_ON_FORK) == 0;
}

void set_scheduler(const spec::Scheduler& scheduler) {
  sched_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.sched_policy = scheduler.policy;
  attributes.sched_flags = scheduler.flags;
  attributes.sched_nice = scheduler.nice;
  attributes.sched_priority = scheduler.priority;
  attributes.sched_runtime = scheduler.runtime;
  attributes.sched_deadline = scheduler.deadline;
  attributes.sched_period = scheduler.period;
  if (::syscall(SYS_sched_setattr, 0, &attributes, 0) == 0) return;
  const int code = errno;
  const bool real_time = scheduler.policy == SCHED_FIFO || scheduler.policy == SCHED_RR;
  const auto note =
      code == EPERM && real_time
          ? "it takes CAP_SYS_NICE, and on cgroup v1 linux.resources.cpu.realtimeRuntime"
          : "";
  throw Error("set process.scheduler", scheduler.name, code).with_note(note);
}

}  // namespace berth::runtime::process
