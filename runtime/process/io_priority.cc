#include "runtime/process/io_priority.h"

#include <linux/ioprio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

namespace berth::runtime::process {

void set_io_priority(const spec::IoPriority& priority) {
  const int value = IOPRIO_PRIO_VALUE(priority.io_class, priority.priority);
  check(::syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, value), "set process.ioPriority");
}

}  // namespace berth::runtime::process
