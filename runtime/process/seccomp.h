// linux.seccomp as the kernel takes it. Compiled early: libseccomp allocates, and reads nothing
// afterwards; loaded last: the filter may forbid what the set-up does.
#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::process {

// Names that this machine's libseccomp does not know. Profiles are written for all kernels.
enum class UnknownCalls { leave_out, refuse };

class SeccompFilter {
 public:
  static SeccompFilter compile(const spec::Seccomp& seccomp,
                               UnknownCalls unknown = UnknownCalls::leave_out);
  // The same, as it was compiled for an earlier start and kept in that folder (seccomp_store.h),
  // where it is empty or of no use, compiled.
  static SeccompFilter obtain(const spec::Seccomp& seccomp, UnknownCalls unknown,
                              const std::string& folder);
  // Takes no_new_privs or CAP_SYS_ADMIN. What follows may do what the filter allows, no more.
  void load() const;
  // Whether a rule asks somebody else (SCMP_ACT_NOTIFY): then it is loaded with a listener, the
  // descriptor at which the calls arrive (seccomp_unotify(2)). Until somebody answers there, they
  // do not return.
  bool notifies() const { return notifies_; }
  UniqueFd load_with_listener() const;
  const std::vector<sock_filter>& program() const { return program_; }

 private:
  int load(unsigned flags) const;
  std::vector<sock_filter> program_;
  unsigned flags_ = 0;
  bool notifies_ = false;
};

}  // namespace berth::runtime::process
