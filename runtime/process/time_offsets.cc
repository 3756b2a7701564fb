// Between the namespace's making and its first process: from then on its clocks are fixed.
#include "runtime/process/time_offsets.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/prctl.h>

#include <string>

#include "base/error.h"
#include "base/file.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif

namespace berth::runtime::process {
namespace {

// A process that hides from its peers owns none of its own files in /proc, which root of a user
// namespace feels.
UniqueFd open_offsets(bool alone) {
  constexpr const char* kFile = "/proc/self/timens_offsets";
  const int fd = ::open(kFile, O_WRONLY | O_CLOEXEC);
  if (fd >= 0 || errno != EACCES || !alone) return UniqueFd(check(fd, "open", kFile));
  check(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "make dumpable");
  UniqueFd file(::open(kFile, O_WRONLY | O_CLOEXEC));
  const int code = errno;
  check(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), "make undumpable");
  if (!file) throw Error("open", kFile, code);
  return file;
}

}  // namespace

void enter_time_namespace(const std::vector<spec::TimeOffset>& offsets, bool alone) {
  std::string lines;
  for (const spec::TimeOffset& offset : offsets) {
    lines += fmt::format("{} {} {}\n", offset.clock, offset.seconds, offset.nanoseconds);
  }
  if (!lines.empty()) {
    try {
      write_once(open_offsets(alone).get(), lines, "timens_offsets");
    } catch (const Error& e) {
      throw Error("set linux.timeOffsets", {}, e.code());
    }
  }
  // By itself execve moves into it, but not before Linux 6.1.
  const UniqueFd own = open_file(AT_FDCWD, "/proc/self/ns/time_for_children", O_RDONLY);
  check(::setns(own.get(), CLONE_NEWTIME), "enter time namespace");
}

}  // namespace berth::runtime::process
