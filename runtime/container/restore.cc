// A container that goes on from what criu saved. As in create.cc, everything that is made is an
// object that unmakes itself until all is done.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>

#include "base/error.h"
#include "base/file.h"
#include "base/process_identity.h"
#include "base/trace.h"
#include "runtime/container/cgroup_place.h"
#include "runtime/container/checkpoint_request.h"
#include "runtime/container/console.h"
#include "runtime/container/container.h"
#include "runtime/container/criu_child.h"
#include "runtime/container/new_record.h"
#include "runtime/container/outside.h"
#include "runtime/container/pid_file.h"
#include "runtime/container/settle.h"
#include "runtime/container/undo.h"
#include "runtime/container/unit.h"
#include "runtime/criu/descriptors.h"
#include "runtime/criu/folders.h"
#include "runtime/criu/program.h"
#include "runtime/process/cpu_affinity.h"
#include "runtime/process/terminal.h"
#include "runtime/rootfs/root_dir.h"
#include "runtime/service/around.h"
#include "runtime/spec/parse.h"

namespace berth::runtime {
namespace {

constexpr const char* kRootMount = "criu-root";
constexpr const char* kPidFile = "criu-pid";

// What a restore would silently leave out.
void require_can_be_restored(const spec::Spec& spec, const RestoreRequest& request, int bundle) {
  if (service::has_service(bundle)) {
    throw Error("bundle '" + request.create.bundle + "': runtime.json: not done by a restore");
  }
  if (!spec.linux_.net_devices.empty()) {
    throw Error("config.json: linux.netDevices: not moved by a restore");
  }
  if (!request.options.shell_job) {
    if (spec.process) check_terminal(*spec.process, request.create);
  } else if (!request.create.console_socket.empty()) {
    throw Error("--console-socket: with --shell-job the terminal is this process' own");
  }
}

std::vector<std::string> warnings_of(const spec::Spec& spec) {
  std::vector<std::string> warnings = spec.warnings;
  if (!spec.hooks.prestart.empty() || !spec.hooks.create_runtime.empty()) {
    warnings.emplace_back(
        "config.json: hooks: prestart and createRuntime are not run by a restore");
  }
  return warnings;
}

// Where a stopped container of that id was saved, what is left of it goes.
void make_way(const StateRoot& root, const std::string& id, std::vector<std::string>& warnings) {
  const auto folder = root.find_if_exists(id);
  if (!folder || ::faccessat(folder->fd(), kCheckpointed, F_OK, 0) < 0) return;
  Container old = Container::find(root, id);
  if (old.status() != Status::stopped) return;
  for (std::string& line : old.remove(/*force=*/false)) warnings.push_back(std::move(line));
}

// A namespace that is not the container's own: which name criu has for it, or that it is joined.
void name_namespaces(const spec::Spec& spec, criu::RestoreFacts& facts,
                     std::vector<UniqueFd>& passed) {
  using spec::NamespaceType;
  constexpr std::pair<NamespaceType, const char*> kJoined[] = {{NamespaceType::ipc, "ipc"},
                                                               {NamespaceType::uts, "uts"},
                                                               {NamespaceType::mount, "mnt"},
                                                               {NamespaceType::time, "time"},
                                                               {NamespaceType::user, "user"}};
  for (const spec::Namespace& ns : spec.linux_.namespaces) {
    if (ns.path.empty()) continue;
    if (ns.type == NamespaceType::network || ns.type == NamespaceType::pid) {
      passed.push_back(open_file(AT_FDCWD, ns.path, O_RDONLY));
      facts.inherited.push_back(
          "fd[" + std::to_string(passed.back().get()) +
          "]:" + (ns.type == NamespaceType::network ? criu::kExternalNetwork : criu::kExternalPid));
      continue;
    }
    if (ns.type == NamespaceType::cgroup) {
      throw Error("config.json: linux.namespaces: cgroup by path: criu joins none");
    }
    for (const auto& [type, name] : kJoined) {
      if (type == ns.type) facts.joined.push_back(std::string(name) + ":" + ns.path);
    }
  }
}

// The container's own cgroup, of a unit that which it will have; where it has none, this process':
// criu would make the one again that they were in, which may be that of a job that has ended.
std::vector<std::string> cgroups_for(const Record& record, Unit* unit) {
  if (unit != nullptr) return {"/" + unit->expected_cgroup()};
  if (!record.cgroup.empty()) return {"/" + record.cgroup};
  std::vector<std::string> groups;
  const std::string own = read_file(AT_FDCWD, "/proc/self/cgroup");
  for (const cgroup::ProcessCgroup& group : cgroup::groups_of_process(own)) {
    const std::string controller(group.controllers.substr(0, group.controllers.find(',')));
    groups.push_back((controller.empty() ? "" : controller + ":") + std::string(group.path));
  }
  return groups;
}

pid_t read_pid(int folder) {
  const std::string text = read_file(folder, kPidFile);
  pid_t pid = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), pid);
  if (pid <= 0) throw Error("criu restore: no pid of the first process");
  return pid;
}

criu::RestoreOptions with_folders(const RestoreRequest& request, const spec::Spec& spec) {
  criu::RestoreOptions options = request.options;
  options.image_path = criu::existing_folder("--image-path", options.image_path);
  if (!options.work_path.empty()) {
    options.work_path = criu::made_folder("--work-path", options.work_path);
  }
  if (const auto config = spec.annotations.find("org.criu.config");
      config != spec.annotations.end()) {
    options.config_file = config->second;
  }
  return options;
}

}  // namespace

Container Container::restore(const StateRoot& root, const RestoreRequest& asked) {
  const std::string step = "restore container '" + asked.create.id + "'";
  require_criu_rights(step);
  try {
    RestoreRequest request = asked;
    const UniqueFd bundle = spec::open_bundle(request.create.bundle);
    const std::string configuration = spec::read_configuration(bundle.get(), request.create.bundle);
    const spec::Spec spec = spec::parse_spec(configuration, request.create.bundle);
    require_can_be_restored(spec, request, bundle.get());
    request.options = with_folders(request, spec);
    request.criu = criu::Program::find(request.criu).name();

    const bool own_cgroup = request.create.cgroup_manager == CgroupManager::cgroupfs;
    std::optional<Unit> unit;
    if (request.create.cgroup_manager == CgroupManager::systemd) {
      unit.emplace(spec, request.create.id);
    }
    std::vector<std::string> warnings = warnings_of(spec);
    make_way(root, request.create.id, warnings);
    const CgroupPlace place =
        own_cgroup ? place_cgroup(spec, request.create.id, request.create.rootless) : CgroupPlace{};
    Container made(root.create(request.create.id), new_record(request.create, spec, place));
    made.warnings_ = std::move(warnings);
    const StateLock lock = made.folder_.lock();
    Undo undo;
    undo.add([&] { made.folder_.remove(); });
    made.folder_.keep_configuration(configuration);
    made.folder_.write(made.record_);
    Groups groups = made.make_groups(spec, place, own_cgroup, undo);
    undo.add([&] {
      if (made.child_.pidfd) end(made.child_);
    });
    made.revive(request, spec, groups.cgroup, unit ? &*unit : nullptr);
    std::move(groups.limits).apply();
    if (!request.create.pid_file.empty()) {
      runtime::write_pid_file(request.create.pid_file, made.child_.pid);
    }
    undo.keep();
    return made;
  } catch (const Error& e) {
    throw e.within(step);
  }
}

void Container::revive(const RestoreRequest& request, const spec::Spec& spec,
                       const std::optional<cgroup::Node>& group, Unit* unit) {
  const criu::RestoreOptions& options = request.options;
  const ParentSteps steps = steps_with(unit);
  (void)make_dir(folder_.fd(), kRootMount, 0700);
  const std::string own = rootfs::path_of(folder_.fd());
  CriuRestore restore{.rootfs = record_.rootfs, .mount_point = own + "/" + kRootMount};
  criu::RestoreFacts facts{.root = restore.mount_point,
                           .cgroups = cgroups_for(record_, unit),
                           .pid_file = own + "/" + kPidFile,
                           .masked = !spec.linux_.masked_paths.empty()};
  make_mount_points(spec, record_.rootfs);
  facts.mounts = mounts_outside(spec, record_.rootfs);
  const UniqueFd images = open_dir(AT_FDCWD, options.image_path);
  facts.inherited =
      criu::inherited(criu::parse_descriptors(read_file(images.get(), criu::kDescriptorsFile)));
  name_namespaces(spec, facts, restore.passed);

  restore.words = {request.criu};
  for (std::string& word : criu::restore_words(options, facts)) {
    restore.words.push_back(std::move(word));
  }
  restore.log = options.log_folder() + "/restore.log";
  if (group) restore.cgroup = group->join();
  if (request.create.signal_mask) restore.signal_mask = &*request.create.signal_mask;
  restore.all_cpus =
      !process::in_slurm_job(spec.process ? spec.process->env : std::vector<std::string>());
  restore.place = steps.place;
  restore.settle = [&](pid_t pid) { settle(pid, spec); };
  UniqueFd console;
  if (spec.process && spec.process->terminal && !options.shell_job) {
    console = open_console(request.create);
    restore.terminal = [&](const UniqueFd& master) {
      process::send_master(console.get(), master.get());
    };
  }
  run_restore(std::move(restore));

  child_.pid = read_pid(folder_.fd());
  child_.pidfd = UniqueFd(static_cast<int>(
      check(::syscall(SYS_pidfd_open, child_.pid, 0), "pidfd_open", std::to_string(child_.pid))));
  record_.pid = child_.pid;
  record_.start_time = start_time_of(child_.pid).value_or(0);
  folder_.write(record_);
  if (steps.limit) steps.limit();
  if (tracing()) trace("restored process " + std::to_string(child_.pid));
}

}  // namespace berth::runtime
