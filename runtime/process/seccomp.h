// linux.seccomp as the kernel takes it. Compiled early: libseccomp allocates, and reads nothing
// afterwards; loaded last: the filter may forbid what the set-up does.
#pragma once

#include <linux/filter.h>

#include <vector>

#include "runtime/spec/spec.h"

namespace berth::runtime::process {

class SeccompFilter {
 public:
  // Names that this machine's libseccomp does not know are left out: profiles are written for all
  // kernels.
  static SeccompFilter compile(const spec::Seccomp& seccomp);
  // Takes no_new_privs or CAP_SYS_ADMIN. What follows may do what the filter allows, no more.
  void load() const;

 private:
  std::vector<sock_filter> program_;
  unsigned flags_ = 0;
};

}  // namespace berth::runtime::process
