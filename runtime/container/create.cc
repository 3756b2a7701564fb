// A container's beginning: everything that `create` makes is an object that unmakes itself until
// all is done.
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process_identity.h"
#include "base/step_times.h"
#include "base/trace.h"
#include "runtime/container/cache_group.h"
#include "runtime/container/cgroup_place.h"
#include "runtime/container/console.h"
#include "runtime/container/container.h"
#include "runtime/container/container_network.h"
#include "runtime/container/gate.h"
#include "runtime/container/new_record.h"
#include "runtime/container/pid_file.h"
#include "runtime/container/relay.h"
#include "runtime/container/undo.h"
#include "runtime/container/unit.h"
#include "runtime/process/cpu_affinity.h"
#include "runtime/process/terminal.h"
#include "runtime/resources/settings.h"
#include "runtime/service/around.h"
#include "runtime/spec/parse.h"

namespace berth::runtime {
namespace {

constexpr const char* kCgroupsMade = "cgroups made, devices restricted";

bool wants_limits(const spec::Resources& wished) {
  return wished.memory_limit || wished.memory_swap || wished.pids_limit ||
         !resources::v1_settings(wished).empty() || !resources::v2_settings(wished).empty();
}

// What the first process is made from; the record is final but for its pid.
Entry make_entry(const CreateRequest& request, spec::Spec spec, UniqueFd bundle,
                 const Record& record) {
  Entry entry;
  entry.id = request.id;
  entry.bundle = std::move(bundle);
  const unsigned sockets = passed_sockets();
  entry.fds = FdPolicy::of_runtime(sockets, request.preserve_fds, request.descriptors);
  announce_sockets(sockets, spec.process->env);
  entry.new_keyring = request.new_keyring;
  entry.all_cpus = !process::in_slurm_job(spec.process->env);
  entry.signal_mask = request.signal_mask;
  entry.state = [told = record](pid_t pid, Status status) mutable {
    told.pid = pid;
    return state_json(told, status);
  };
  entry.spec = std::move(spec);
  return entry;
}

// What is done on the host for a service takes the host's root.
std::optional<service::Service> wanted_service(const CreateRequest& request, int bundle) {
  if (!service::has_service(bundle)) return std::nullopt;
  const std::string what = "bundle '" + request.bundle + "': runtime.json: ";
  if (::geteuid() != 0) throw Error(what + "for root alone: it changes the host");
  if (request.allow_service) request.allow_service();
  return service::load_service(bundle, request.bundle);
}

// What the command line and the bundle ask for, before anything is made.
struct Wanted {
  UniqueFd bundle;
  std::string configuration;
  spec::Spec spec;
  std::optional<service::Service> service;
};

Wanted read_bundle(const CreateRequest& request) {
  Wanted wanted;
  wanted.bundle = spec::open_bundle(request.bundle);
  wanted.configuration =
      request.config_file.empty()
          ? spec::read_configuration(wanted.bundle.get(), request.bundle)
          : spec::read_configuration(AT_FDCWD, request.bundle, request.config_file);
  wanted.spec = spec::parse_spec(wanted.configuration, request.bundle);
  if (!wanted.spec.process) {
    throw Error("bundle '" + request.bundle + "': config.json: process: missing");
  }
  check_terminal(*wanted.spec.process, request);
  wanted.service = wanted_service(request, wanted.bundle.get());
  return wanted;
}

// What is done to a created container, or told of one, takes one.
bool can_start_at_once(const CreateRequest& request, const Wanted& wanted) {
  const spec::Hooks& hooks = wanted.spec.hooks;
  const bool hooked = !hooks.prestart.empty() || !hooks.create_runtime.empty() ||
                      !hooks.create_container.empty() || !hooks.start_container.empty() ||
                      !hooks.poststart.empty();
  const auto& seccomp = wanted.spec.linux_.seccomp;
  const bool has_agent = seccomp && !seccomp->listener_path.empty();
  return request.start_at_once && !hooked && !has_agent && !wanted.service &&
         !wanted.spec.process->terminal && !is_notified();
}

std::vector<std::string> warnings_of(const CreateRequest& request, const spec::Spec& spec) {
  std::vector<std::string> warnings = spec.warnings;
  if (request.cgroup_manager == CgroupManager::disabled && wants_limits(spec.linux_.resources)) {
    warnings.emplace_back(
        "config.json: linux.resources: left out: --cgroup-manager disabled makes no cgroup");
  }
  return warnings;
}

}  // namespace

Container Container::create(const StateRoot& root, const CreateRequest& request) {
  std::vector<std::string> late;
  try {
    return make(root, request, late);
  } catch (const EnterFailure& e) {
    std::string message = e.what();
    for (const std::string& warning : late) message += "; " + warning;
    throw EnterFailure(message, e.exit_code(), e.set_up());
  } catch (const Error& e) {
    std::string message;
    for (const std::string& warning : late) message += (message.empty() ? "" : "; ") + warning;
    if (message.empty()) throw;
    throw e.with_note(message);
  }
}

Container Container::make(const StateRoot& root, const CreateRequest& request,
                          std::vector<std::string>& late) {
  Wanted wanted = read_bundle(request);
  step_done("configuration read");
  spec::Spec& spec = wanted.spec;
  const auto& service = wanted.service;
  ContainerNetwork network(spec, service ? &*service : nullptr);
  const bool own_cgroup = request.cgroup_manager == CgroupManager::cgroupfs;
  std::optional<Unit> unit;
  if (request.cgroup_manager == CgroupManager::systemd) unit.emplace(spec, request.id);
  CgroupPlace place = own_cgroup ? place_cgroup(spec, request.id, request.rootless) : CgroupPlace{};

  Container made(root.create(request.id), new_record(request, spec, place));
  made.hierarchy_ = std::move(place.hierarchy);
  made.warnings_ = warnings_of(request, spec);
  const StateLock lock = made.folder_.lock();
  Undo undo;
  const auto tell = [&late](const std::vector<std::string>& lines) {
    late.insert(late.end(), lines.begin(), lines.end());
  };
  undo.add([&] { made.folder_.remove(); });
  made.folder_.write(made.record_);  // first: what a crash leaves can be found by it
  step_done("state kept");
  bool begun = false;
  undo.add([&] {
    if (begun) tell(made.run_poststop());
  });
  std::optional<service::ActLog> acts;
  undo.add([&] { tell(service::take_back(service::read_acts(made.folder_.fd()), true)); });
  if (service) service::make_ready(*service, acts.emplace(made.folder_.fd()));
  Groups groups = made.begin_groups(spec, place, own_cgroup, undo);
  if (!groups.begun) step_done(kCgroupsMade);

  made.started_ = can_start_at_once(request, wanted) && !unit;
  const bool is_read_early = !made.started_ || made.record_.late_hooks;
  if (is_read_early) made.folder_.keep_configuration(wanted.configuration);
  offer_notify_socket(made.folder_.fd(), spec);
  Entry entry = make_entry(request, std::move(spec), std::move(wanted.bundle), made.record_);
  entry.limits = std::move(groups.limits);
  entry.own_cgroup = groups.has_cgroup() || unit;
  entry.own_groups = groups.own;
  if (!made.started_) entry.gate = open_gate(made.folder_.fd());
  if (entry.spec.process->terminal) {
    entry.console = made.open_console(request);
    entry.relayed = request.console_socket.empty();
    if (entry.relayed) take_own_size(*entry.spec.process);
  }
  ParentSteps steps = made.steps_with(unit ? &*unit : nullptr);
  if (!network.empty()) {
    steps.network = [&](pid_t pid) { network.make(pid, acts ? &*acts : nullptr); };
  }
  if (groups.begun) {
    steps.confine = [&, wished = entry.spec.linux_.resources] {
      begun = false;
      Confinement rest = made.finish_groups(groups, place, wished);
      begun = true;
      step_done(kCgroupsMade);
      return rest;
    };
  }
  std::optional<NextFile> record;
  if (made.started_) made.record_beside(steps, record, request, wanted.configuration);
  undo.add([&] { tell(network.give_back()); });
  begun = true;
  made.child_ = spawn(std::move(entry), groups.join(), steps);
  undo.add([&] { end(made.child_); });
  if (!made.started_) {
    if (tracing()) trace("made process " + std::to_string(made.child_.pid) + ": waits for start");
    made.record_process(made.child_.pid);
    made.folder_.write(made.record_);
  }
  step_done("created");
  if (service) service::surround(*service, made.child_.pid, *acts);
  if (!made.started_) made.write_pid_file(request);
  undo.keep();
  return made;
}

void Container::record_process(pid_t pid) {
  record_.pid = pid;
  record_.start_time = start_time_of(pid).value_or(0);
}

void Container::write_pid_file(const CreateRequest& request) const {
  if (!request.pid_file.empty()) runtime::write_pid_file(request.pid_file, record_.pid);
}

// All is on the record when the program begins, and until then the container is being created; but
// it is written while the process makes its namespaces and its tree.
void Container::record_beside(ParentSteps& steps, std::optional<NextFile>& next,
                              const CreateRequest& request, const std::string& configuration) {
  steps.beside = [&](pid_t pid) {
    if (!record_.late_hooks) folder_.keep_configuration(configuration);
    record_process(pid);
    folder_.write_next(record_, next);
  };
  steps.commit = [&] {
    write_pid_file(request);
    next->commit();
  };
  if (!request.pid_file.empty()) return;  // its path is the host's
  steps.commit_inside = [this, maker = ::getpid()] { folder_.commit_next_for(maker); };
  steps.committed = [&] { next->was_committed(); };
}

ParentSteps Container::steps_with(Unit* unit) {
  ParentSteps steps;
  if (unit != nullptr) {
    steps.moves = true;
    steps.limit = [this, unit] { unit->limit(hierarchy(), record_); };
  }
  if (unit == nullptr && !record_.cache_group) return steps;
  steps.place = [this, unit](pid_t pid) {
    if (record_.cache_group) join_cache_group(*record_.cache_group, pid);
    if (unit == nullptr) return;
    unit->start(pid, record_);
    folder_.write(record_);
  };
  return steps;
}

}  // namespace berth::runtime
