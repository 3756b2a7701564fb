#include "runtime/cgroup/late_limits.h"

#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"

namespace berth::runtime {

void LateLimits::apply() && {
  const std::vector<LateLimit> taken = std::exchange(limits, {});
  for (const LateLimit& limit : taken) {
    if (tracing()) trace("late limit " + limit.name + " = " + limit.value);
    try {
      write_once(limit.fd.get(), limit.value, limit.name);
    } catch (const Error& e) {
      const std::string operation = "set late limit " + limit.name + " to";
      if (e.code() != EBUSY) throw Error(operation, limit.value, e.code());
      // cgroup v1 alone: v2 takes the limit and kills.
      throw Error(operation, limit.value, e.code())
          .with_note("what is in use already is more, and cannot be given back");
    }
  }
}

}  // namespace berth::runtime
