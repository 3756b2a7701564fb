// It stands as late as it can: what the set-up itself allocates is nobody's working set.
#include "runtime/process/memory_policy.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <vector>

#include "base/error.h"

namespace berth::runtime::process {

void set_memory_policy(const spec::MemoryPolicy& policy) {
  constexpr size_t kBits = sizeof(unsigned long) * CHAR_BIT;
  std::vector<unsigned long> mask;
  if (!policy.nodes.empty()) mask.resize(policy.nodes.back() / kBits + 1);
  for (const unsigned node : policy.nodes) mask[node / kBits] |= 1UL << node % kBits;
  // The kernel takes the last bit for one too many.
  const unsigned long bits = mask.empty() ? 0 : mask.size() * kBits + 1;
  check(::syscall(SYS_set_mempolicy, policy.mode, mask.empty() ? nullptr : mask.data(), bits),
        "set linux.memoryPolicy", policy.name);
}

}  // namespace berth::runtime::process
