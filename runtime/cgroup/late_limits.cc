#include "runtime/cgroup/late_limits.h"

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"

namespace berth::runtime {

namespace {

constexpr int kTries = 20;
constexpr auto kPause = std::chrono::milliseconds(1);

// cgroup v1 refuses a memory limit below what is charged, and each CPU charges 256 KiB ahead. It
// gives them back when asked, but on other CPUs a moment later (mm/memcontrol.c, drain_all_stock).
void write_patiently(const LateLimit& limit) {
  for (int left = kTries;; --left) {
    try {
      return write_once(limit.fd.get(), limit.value, limit.name);
    } catch (const Error& e) {
      if (e.code() != EBUSY || left == 1) throw;
      std::this_thread::sleep_for(kPause);
    }
  }
}

}  // namespace

void LateLimits::apply() && {
  const std::vector<LateLimit> taken = std::exchange(limits, {});
  for (const LateLimit& limit : taken) {
    if (tracing()) trace("late limit " + limit.name + " = " + limit.value);
    try {
      write_patiently(limit);
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
