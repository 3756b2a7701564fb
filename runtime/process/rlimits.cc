#include "runtime/process/rlimits.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <string>

#include "base/error.h"

namespace berth::runtime::process {
namespace {

// glibc's enum parameter in C++ takes no int.
__rlimit_resource kind(const spec::Rlimit& limit) {
  return static_cast<__rlimit_resource>(limit.resource);
}

std::string shown(rlim_t value) {
  return value == RLIM_INFINITY ? std::string("unlimited") : std::to_string(value);
}

void set(const spec::Rlimit& limit, const rlimit& value) {
  if (::setrlimit(kind(limit), &value) == 0) return;
  const int code = errno;
  rlimit now{};
  ::getrlimit(kind(limit), &now);
  throw Error("set process.rlimits",
              fmt::format("{} {}:{}", limit.type, shown(value.rlim_cur), shown(value.rlim_max)),
              code)
      .with_note(fmt::format("it is {}:{} here", shown(now.rlim_cur), shown(now.rlim_max)));
}

}  // namespace

void raise_hard_limits(const std::vector<spec::Rlimit>& rlimits) {
  for (const spec::Rlimit& limit : rlimits) {
    rlimit now{};
    check(::getrlimit(kind(limit), &now), "getrlimit", limit.type);
    if (limit.hard > now.rlim_max) set(limit, {now.rlim_cur, limit.hard});
  }
}

void set_rlimits(const std::vector<spec::Rlimit>& rlimits) {
  for (const spec::Rlimit& limit : rlimits) set(limit, {limit.soft, limit.hard});
}

}  // namespace berth::runtime::process
