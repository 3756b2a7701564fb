#include "runtime/process/io_priority.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "base/error.h"

namespace berth::runtime::process {

void set_io_priority(const spec::IoPriority& priority) {
  constexpr int kProcess = 1, kClassShift = 13;  // ioprio_set(2)
  const int value = (static_cast<int>(priority.io_class) << kClassShift) | priority.priority;
  check(::syscall(SYS_ioprio_set, kProcess, 0, value), "set process.ioPriority");
}

}  // namespace berth::runtime::process
