#include "bench/cache/supervised.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "base/error.h"
#include "base/one_line.h"
#include "launcher/prepare.h"
#include "runtime/container/spawn.h"

namespace berth::cache_bench {
namespace {

constexpr int kFailed = 125;

[[noreturn]] void be_child(const std::function<int()>& work, const sigset_t& mask) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  int status = kFailed;
  try {
    status = work();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "berth: %s\n", one_line(e.what()).c_str());
  }
  std::fflush(nullptr);
  ::_exit(status);
}

}  // namespace

int supervised(const std::function<int()>& work) {
  const runtime::SignalQueue signals;
  runtime::Child child;
  child.pid = check(::fork(), "fork");
  if (child.pid == 0) be_child(work, signals.mask_before());
  child.pidfd.reset(check(static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0)), "pidfd_open"));
  const int status = runtime::forward_and_wait(child, signals);
  if (status > 128) (void)launcher::reap(launcher::Roots::open());
  return status;
}

}  // namespace berth::cache_bench
