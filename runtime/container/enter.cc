// The page to read: how a process on the host becomes the program in its container. The order is
// the point; each line's own reason is at the top of the file that it calls.
#include "runtime/container/enter.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <functional>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/step_times.h"
#include "runtime/container/hooks.h"
#include "runtime/container/start.h"
#include "runtime/process/capabilities.h"
#include "runtime/process/cpu_affinity.h"
#include "runtime/process/host_name.h"
#include "runtime/process/io_priority.h"
#include "runtime/process/loopback.h"
#include "runtime/process/memory_policy.h"
#include "runtime/process/namespaces.h"
#include "runtime/process/oom_score.h"
#include "runtime/process/personality.h"
#include "runtime/process/rlimits.h"
#include "runtime/process/scheduler.h"
#include "runtime/process/stdio.h"
#include "runtime/process/sysctl.h"
#include "runtime/process/terminal.h"
#include "runtime/process/time_offsets.h"
#include "runtime/process/user.h"
#include "runtime/process/user_namespace.h"
#include "runtime/process/working_directory.h"

namespace berth::runtime {
namespace {

// What is wrong with the program itself has exit codes of its own.
void of_program(int not_there, const std::function<void()>& step) {
  try {
    step();
  } catch (const Error& e) {
    throw EnterFailure(e.message(), e.code() == ENOENT ? not_there : kExitNotExecutable);
  }
}

// sched(7): a deadline is for who may run on every CPU.
void set_own_scheduler(const spec::Scheduler& scheduler, const std::string& cpus) {
  try {
    process::set_scheduler(scheduler);
  } catch (const Error& e) {
    if (e.code() != EPERM || cpus.empty()) throw;
    throw e.with_note(
        "process scheduler can't be used together with AllowedCPUs: "
        "linux.resources.cpu.cpus is " +
        cpus);
  }
}

}  // namespace

void enter(Entry entry) {
  guard(step_of(entry), [&] {
    if (asks_for_pid_namespace(entry.spec)) {
      throw Error("linux.namespaces: a process cannot enter a PID namespace, only its child can");
    }
    Start start(std::move(entry));
    step_done("cgroup joined");
    start.on_host();
    start.connect_agent();
    start.enter_user_namespace();
    start.inside({});
  });
  std::abort();  // guard gives back by an exception or not at all
}

// A process that joins a container need not wait for its turn on the container's CPUs to get there.
void Start::before_cgroup() {
  const auto& cpus = process().exec_cpu_affinity.initial;
  if (entry_.container && cpus) process::set_cpu_affinity(*cpus, "initial");
}

// Stage 1: what takes the host's rights or the host's view.
void Start::on_host() {
  process::set_oom_score(process());
  process::raise_hard_limits(process().rlimits);
  give_stdio();
  if (process().io_priority) process::set_io_priority(*process().io_priority);
  if (process().scheduler && process::is_inherited(*process().scheduler)) {
    process::set_scheduler(*process().scheduler);
  }
  if (entry_.container) {
    const auto& cpus = process().exec_cpu_affinity.final;
    if (cpus) process::set_cpu_affinity(*cpus, "final");
  } else {
    rootfs_->open_sources();
  }
}

void Start::give_stdio() const {
  if (!has_user_namespace()) {
    process::give_stdio(process().user.uid);
  } else if (maps_ && !cloned_into_user_namespace_) {  // there the only id is who has it anyway
    const auto uid = process::host_id(maps_->uids, process().user.uid);
    if (uid) process::give_stdio(*uid);
  }
}

void Start::map_own_ids() {
  process::write_own_maps(*maps_);
  cloned_into_user_namespace_ = true;
}

// Stage 2: the user namespace goes first, it grants the rights that all the rest needs.
void Start::enter_user_namespace() {
  // Before the first namespace that others are in.
  if (entry_.container) process::hide_from_peers();
  namespaces_.join_before_user();
  if (entry_.user_namespace) {
    process::join_user_namespace(entry_.user_namespace->get());
  } else if (namespaces_.joins_user()) {
    namespaces_.join_user();
  } else if (maps_ && !cloned_into_user_namespace_) {
    process::make_user_namespace_here(*maps_);
  }
  namespaces_.join_pid();
  process::hide_from_peers();
  step_done("user namespace entered");
  if (has_user_namespace()) process::own_user_namespace(entry_.spec);
}

// Stage 3: namespaces, tree, identity, and then the ones that must be last.
void Start::inside(const Stops& stops) {
  const process::Groups groups = process::groups_of(entry_.spec);  // while /proc is the host's
  const process::CapabilityPlan capabilities(process().capabilities);
  if (entry_.container) {
    join_container();
  } else {
    make_namespaces();
    step_done("namespaces made");
    if (stops.confine) stops.confine();
    if (stops.namespaces) stops.namespaces();
    make_tree(stops);
    step_done("tree mounted, and pivoted to");
  }
  const bool independent = entry_.state || entry_.container;
  if (independent && !has_user_namespace()) process::take_own_null_device();
  if (stops.inside) stops.inside();
  namespaces_.make_late();
  take_identity(groups, capabilities);
  step_done("identity taken");
  of_program(kExitNotFound, [&] { program_.find(); });
  entry_.fds.enforce();                           // all of ours closes at execve
  process::set_rlimits(process().rlimits);        // may be too tight for anything above
  if (!stops.gate && stops.ready) stops.ready();  // a waiting parent hears that the set-up is done
  std::move(entry_.limits).apply();               // from here on memory is the program's alone
  if (stops.limits) stops.limits();               // or by the parent, of a cgroup that others have
  if (stops.gate) {
    stops.ready();  // the limits are in force when `create` is over
    stops.gate();
  }
  step_done("limits written");
  if (seccomp_) load_filter(stops);  // may forbid all of the above
  step_done(kLastStep);
  run_hooks_inside(entry_.spec.hooks.start_container, "startContainer", Status::created,
                   program_.env());
  of_program(kExitNotExecutable, [&] { program_.execute(); });
  std::abort();  // execute gives back by an exception or not at all
}

void Start::join_container() {
  namespaces_.join_after_user();
  if (!process().terminal || !entry_.console) return;
  open_terminal(open_dir(AT_FDCWD, "/").get());
  process::take_terminal(terminal_.get());
}

void Start::make_namespaces() {
  namespaces_.join_after_user();
  namespaces_.make();
  if (namespaces_.makes(spec::NamespaceType::time)) {
    process::enter_time_namespace(entry_.spec.linux_.time_offsets, maps_.has_value());
  }
  process::set_host_name(entry_.spec);
  if (namespaces_.makes(spec::NamespaceType::network)) process::raise_loopback();
}

void Start::run_hooks_inside(const std::vector<spec::Hook>& hooks, const char* kind, Status status,
                             const std::vector<std::string>& env) const {
  if (!entry_.state || hooks.empty()) return;
  try {
    run_hooks(hooks, kind, entry_.state(host_pid_, status), env);
  } catch (const Error& e) {
    throw EnterFailure(e.message(), kExitHookFailed);
  }
}

void Start::make_tree(const Stops& stops) {
  rootfs_->mount_all(stops.own_groups);
  if (process().terminal && entry_.console) {
    open_terminal(rootfs_->root());
    rootfs_->mount_console(terminal_.get());
  }
  if (proc_sys_) process::set_sysctls(proc_sys_.get(), entry_.spec);  // read-only after the pivot
  if (stops.before_pivot) stops.before_pivot();
  if (!entry_.spec.hooks.create_container.empty()) {
    // Where other runtimes run them: hooks that put files into the tree name them relatively.
    check(::fchdir(rootfs_->root()), "change to", "root file system");
  }
  run_hooks_inside(entry_.spec.hooks.create_container, "createContainer", Status::creating, {});
  if (const UniqueFd other = namespaces_.take_mount_namespace()) {
    rootfs_->settle_in(other.get());
  } else {
    rootfs_->pivot();
  }
  if (terminal_) process::take_terminal(terminal_.get());
}

void Start::open_terminal(int root) {
  process::Terminal terminal = process::open_terminal(root, process());
  process::give_terminal(terminal, process().user);
  if (entry_.relayed) process::leave_line_ends(terminal);
  process::send_master(entry_.console.get(), terminal.master.get());
  terminal_ = std::move(terminal.slave);
}

void Start::take_identity(process::Groups groups, const process::CapabilityPlan& capabilities) {
  if (process().scheduler && !process::is_inherited(*process().scheduler)) {
    set_own_scheduler(*process().scheduler, entry_.spec.linux_.resources.cpus);
  }
  const spec::Linux& wanted = entry_.spec.linux_;
  if (wanted.personality) process::set_personality(*wanted.personality);
  if (wanted.memory_policy) process::set_memory_policy(*wanted.memory_policy);
  if (labels_) labels_->apply();
  capabilities.limit_bounding();
  const bool is_there =
      entry_.preferred_cwd.empty() && process::enter_working_directory_early(process().cwd);
  process::become(process().user, groups);
  if (!is_there) {
    process::enter_working_directory(entry_.preferred_cwd, entry_.require_preferred_cwd,
                                     process().cwd);
  }
  // Without no_new_privs loading a filter takes a right that execve then drops by itself.
  capabilities.apply(seccomp_ && !process().no_new_privileges);
  process::hide_from_peers();  // a change of credentials leaves it to fs.suid_dumpable
  if (process().no_new_privileges) process::set_no_new_privileges();
}

}  // namespace berth::runtime
