#include "runtime/process/seccomp_newer.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <limits>

namespace berth::runtime::process {
namespace {

constexpr uint32_t kX32 = 0x40000000;  // this bit tells an x32 call from one of x86_64

// -1: the profile names none that is known there. Numbers below 0 are libseccomp's own, of calls
// that the architecture has not.
int newest_named(const spec::Seccomp& seccomp, uint32_t architecture) {
  int newest = -1;
  for (const spec::SeccompRule& rule : seccomp.syscalls) {
    for (const std::string& name : rule.names) {
      newest = std::max(newest, ::seccomp_syscall_resolve_name_arch(architecture, name.c_str()));
    }
  }
  return newest;
}

// Falls through where the call is of another architecture, outside the range, or old enough.
void add_section(std::vector<sock_filter>& program, uint32_t audit_architecture, uint32_t first,
                 uint32_t last, uint32_t newest) {
  const sock_filter section[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, audit_architecture, 0, 5),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 3),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 2, 0),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, newest, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
  };
  program.insert(program.end(), std::begin(section), std::end(section));
}

// Who lets a call through, or has a tracer that knows it, meets the kernel's own ENOSYS.
bool lets_unnamed_through(const spec::Seccomp& seccomp) {
  const std::string& action = seccomp.default_action;
  return action == "SCMP_ACT_ALLOW" || action == "SCMP_ACT_LOG" || action == "SCMP_ACT_TRACE";
}

}  // namespace

std::vector<sock_filter> hide_newer_calls(const spec::Seccomp& seccomp,
                                          std::span<const uint32_t> architectures) {
  std::vector<sock_filter> program;
  if (lets_unnamed_through(seccomp)) return program;
  for (const uint32_t architecture : architectures) {
    const int named = newest_named(seccomp, architecture);
    if (named < 0) continue;
    const auto newest = static_cast<uint32_t>(named);
    // libseccomp's tokens are the kernel's, but for this one, which the kernel does not tell apart.
    if (architecture == SCMP_ARCH_X32) {
      add_section(program, AUDIT_ARCH_X86_64, kX32, std::numeric_limits<uint32_t>::max(),
                  newest | kX32);
    } else if (architecture == SCMP_ARCH_X86_64) {
      add_section(program, architecture, 0, kX32 - 1, newest);
    } else {
      add_section(program, architecture, 0, std::numeric_limits<uint32_t>::max(), newest);
    }
  }
  return program;
}

}  // namespace berth::runtime::process
