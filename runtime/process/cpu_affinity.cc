#include "runtime/process/cpu_affinity.h"

#include <sched.h>

#include <climits>
#include <string>

#include "base/error.h"

namespace berth::runtime::process {

void set_cpu_affinity(const std::vector<unsigned>& cpus, const char* key) {
  constexpr size_t kBits = sizeof(unsigned long) * CHAR_BIT;
  if (cpus.empty()) return;
  // A cpu_set_t ends at 1024; the kernel takes any length.
  std::vector<unsigned long> mask(cpus.back() / kBits + 1);
  for (const unsigned cpu : cpus) mask[cpu / kBits] |= 1UL << cpu % kBits;
  check(::sched_setaffinity(0, mask.size() * sizeof(unsigned long),
                            reinterpret_cast<const cpu_set_t*>(mask.data())),
        std::string("set process.execCPUAffinity.") + key);
}

}  // namespace berth::runtime::process
