// What is decided before anything is done, and what an error becomes. The stages are in enter.cc.
#include "runtime/container/start.h"

#include <limits.h>
#include <unistd.h>

#include <utility>

#include "base/error.h"
#include "runtime/process/capabilities.h"
#include "runtime/process/seccomp_agent.h"
#include "runtime/process/seccomp_store.h"
#include "runtime/process/sysctl.h"
#include "runtime/process/user_namespace.h"

namespace berth::runtime {
namespace {

Entry with_process(Entry entry) {
  if (!entry.spec.process) throw Error("config.json: no process: there is nothing to run");
  return entry;
}

process::Namespaces open_namespaces(const Entry& entry) {
  if (!entry.container) {
    // What this process is in belongs to root, and from a user namespace there is no way back.
    const bool inherits_mount = !entry.user_namespace &&
                                !entry.spec.has_namespace(spec::NamespaceType::user) &&
                                process::has_sys_admin();
    return process::Namespaces::open(entry.spec, inherits_mount);
  }
  return process::Namespaces::of_process(entry.container->pid, entry.container->pidfd.get(),
                                         entry.spec);
}

std::string path_of(int fd) {
  char path[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  return {path, static_cast<size_t>(
                    check(::readlink(link.c_str(), path, sizeof path), "readlink", "bundle"))};
}

// crun's annotation.
process::UnknownCalls unknown_calls(const spec::Spec& spec) {
  const auto refuse = spec.annotations.find("run.oci.seccomp_fail_unknown_syscall");
  const bool asked = refuse != spec.annotations.end() && refuse->second != "0";
  return asked ? process::UnknownCalls::refuse : process::UnknownCalls::leave_out;
}

std::string in(const std::string& step, const char* message) {
  return step.empty() ? message : step + ": " + message;
}

}  // namespace

Start::Start(Entry entry)
    : entry_(with_process(std::move(entry))),
      namespaces_(open_namespaces(entry_)),
      program_(process()) {
  if (!entry_.container) process::forget_own_namespaces(entry_.spec);
  if (entry_.own_groups && entry_.own_groups->v2_too) namespaces_.put_off_cgroup();
  const spec::Spec& spec = entry_.spec;
  if (spec.linux_.seccomp) {
    const bool real_root = ::geteuid() == 0 && process::in_initial_user_namespace();
    seccomp_ = process::SeccompFilter::obtain(*spec.linux_.seccomp, unknown_calls(spec),
                                              process::SeccompStore::default_folder(real_root));
  }
  prepare_labels();
  if (seccomp_ && seccomp_->notifies()) {
    process::require_agent(spec.linux_.seccomp->listener_path);
    if (!entry_.container && !entry_.state) bundle_path_ = path_of(entry_.bundle.get());
  }
  if (entry_.container) return;
  if (!entry_.user_namespace && !namespaces_.joins_user()) {
    maps_ = process::plan_id_maps(spec, namespaces_.makes_user(), process::has_sys_admin(),
                                  ::geteuid(), ::getegid());
  }
  if (!spec.linux_.sysctl.empty()) proc_sys_ = process::open_proc_sys();
  rootfs_ = rootfs::Rootfs::open(entry_.bundle.get(), spec, entry_.binds,
                                 has_user_namespace() || !process::in_initial_user_namespace(),
                                 entry_.own_cgroup, entry_.own_groups);
}

void Start::prepare_labels() {
  std::string& mounts = entry_.spec.linux_.mount_label;
  const bool labelled = !process().apparmor_profile.empty() || !process().selinux_label.empty();
  if (!labelled && mounts.empty()) return;
  const auto modules = process::SecurityModules::find();
  if (labelled) labels_.emplace(process(), modules, process::open_host_proc());
  // As other runtimes: a context that no module reads is no mistake, but no mount takes it either.
  if (!modules.selinux) mounts.clear();
}

bool Start::can_clone_user_namespace() const {
  return maps_ && process::own_id_only(*maps_) && !process::has_capabilities();
}

void Start::take_stdio() const {
  for (int number = 0; number < 3; ++number) {
    const int given = entry_.stdio[static_cast<size_t>(number)];
    if (given < 0) continue;
    check(::dup2(given, number), "take standard descriptor", std::to_string(number));
    set_inheritable(number, true);  // dup2 onto itself would leave close-on-exec as it was
  }
}

void Start::take_listen_pid(pid_t from) {
  program_.move_listen_pid(from, ::getpid());
}

bool asks_for_pid_namespace(const spec::Spec& spec) {
  return spec.has_namespace(spec::NamespaceType::pid);
}

std::string step_of(const Entry& entry) {
  if (entry.id.empty()) return {};
  return (entry.container ? "exec in container '" : "start container '") + entry.id + "'";
}

void guard(const std::string& step, const std::function<void()>& stage) {
  try {
    stage();
  } catch (const EnterFailure& e) {
    throw EnterFailure(in(step, e.what()), e.exit_code(), e.set_up());
  } catch (const std::exception& e) {
    throw EnterFailure(in(step, e.what()), kExitBerthFailed);
  }
}

}  // namespace berth::runtime
