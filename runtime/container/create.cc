// A container's beginning: everything that `create` makes is an object that unmakes itself until
// all is done.
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <functional>

#include "base/error.h"
#include "base/file.h"
#include "base/process_identity.h"
#include "base/trace.h"
#include "runtime/cgroup/node.h"
#include "runtime/container/container.h"
#include "runtime/container/gate.h"
#include "runtime/container/pid_file.h"
#include "runtime/container/relay.h"
#include "runtime/container/unit.h"
#include "runtime/process/terminal.h"
#include "runtime/resources/apply.h"
#include "runtime/resources/devices.h"
#include "runtime/resources/settings.h"
#include "runtime/spec/parse.h"

namespace berth::runtime {
namespace {

std::string now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  tm parts{};
  ::gmtime_r(&time.tv_sec, &parts);
  char text[64];
  const size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%09ldZ", time.tv_nsec);
  return std::string(text, size) + fraction;
}

std::string real_path(const std::string& path) {
  char buffer[PATH_MAX];
  if (::realpath(path.c_str(), buffer) == nullptr) throw Error("find", path, errno);
  return buffer;
}

// linux.cgroupsPath: absolute is below the hierarchies' roots, relative below ours.
std::string cgroup_path_of(const spec::Spec& spec, const std::string& id) {
  std::string path = spec.linux_.cgroups_path;
  if (path.empty()) return std::string(kCgroupTree) + "/container_" + id;
  if (!path.starts_with('/')) path = std::string(kCgroupTree) + "/" + path;
  while (path.starts_with('/')) path.erase(0, 1);
  while (path.ends_with('/')) path.pop_back();
  return path;
}

// Swap, which Node::late grants none of, as the configuration has it.
void allow_swap(LateLimits& late, const spec::Resources& wished) {
  if (!wished.memory_swap) return;
  const int64_t total = *wished.memory_swap;
  const int64_t memory = wished.memory_limit.value_or(-1);
  for (LateLimit& limit : late.limits) {
    if (limit.name == "memory.memsw.limit_in_bytes") limit.value = std::to_string(total);
    if (limit.name == "memory.swap.max") {
      const bool unlimited = total < 0 || memory < 0;
      limit.value = unlimited ? "max" : std::to_string(std::max<int64_t>(total - memory, 0));
    }
  }
}

void check_terminal(const spec::Process& process, const CreateRequest& request) {
  if (process.terminal && request.detached && request.console_socket.empty()) {
    throw Error("process.terminal: true, and nobody stays to show it: --console-socket is wanted");
  }
  if (!process.terminal && !request.console_socket.empty()) {
    throw Error("--console-socket: process.terminal is not true, so there is no terminal to send");
  }
}

// Takes one step of a creation back, unless all of it succeeds.
class Undo {
 public:
  explicit Undo(std::function<void()> act) : act_(std::move(act)) {}
  ~Undo() {
    if (!act_) return;
    try {
      act_();
    } catch (const std::exception& e) {
      if (tracing()) trace(e.what());  // what made us fail is what is told
    }
  }
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;
  void keep() { act_ = nullptr; }

 private:
  std::function<void()> act_;
};

// A cgroup for the container alone.
cgroup::Node make_cgroup(const cgroup::Hierarchy& hierarchy, const std::string& path) {
  if (!cgroup::processes(hierarchy, path).empty()) {
    throw Error("cgroup '" + path + "' has processes in it already");
  }
  return cgroup::Node::create(hierarchy, path, {});
}

// Resources that bind at once. The limits that bind last are late_limits.
void restrict_cgroup(const cgroup::Hierarchy& hierarchy, const std::string& path,
                     const spec::Resources& wished) {
  resources::apply(hierarchy, path, wished);
  if (!wished.devices.empty()) {
    resources::restrict_devices(hierarchy, path, wished.devices);
  }
}

LateLimits late_limits(const std::optional<cgroup::Node>& node, const spec::Resources& wished) {
  cgroup::Limits limits;
  limits.memory_bytes = wished.memory_limit;
  limits.pids = wished.pids_limit;
  if (limits.empty()) return {};
  if (!node) {
    throw Error(
        "config.json: linux.resources: limits are wanted, and only root has a cgroup to limit");
  }
  LateLimits late = node->late(limits);
  allow_swap(late, wished);
  return late;
}

bool wants_limits(const spec::Resources& wished) {
  return wished.memory_limit || wished.memory_swap || wished.pids_limit ||
         !resources::v1_settings(wished).empty() || !resources::v2_settings(wished).empty();
}

Record new_record(const CreateRequest& request, const spec::Spec& spec) {
  Record record;
  record.id = request.id;
  record.oci_version = spec.oci_version;
  record.bundle = real_path(request.bundle);
  const std::string root = spec.root ? spec.root->path : "";
  record.rootfs = root.starts_with('/') ? root : record.bundle + "/" + root;
  record.created = now();
  record.owner = ::geteuid();
  record.annotations = spec.annotations;
  record.late_hooks = !spec.hooks.poststart.empty() || !spec.hooks.poststop.empty();
  if (::geteuid() == 0 && request.cgroup_manager == CgroupManager::cgroupfs) {
    record.cgroup = cgroup_path_of(spec, request.id);
  }
  return record;
}

// What the first process is made from; the record is final but for its pid.
Entry make_entry(const CreateRequest& request, spec::Spec spec, const UniqueFd& bundle,
                 const std::optional<cgroup::Node>& group, const Record& record) {
  Entry entry;
  entry.id = request.id;
  entry.bundle = duplicate(bundle.get());
  entry.fds =
      FdPolicy::from_environment(spec.process->env, request.descriptors, request.preserve_fds);
  if (request.cgroup_manager == CgroupManager::cgroupfs) {
    entry.limits = late_limits(group, spec.linux_.resources);
  }
  entry.new_keyring = request.new_keyring;
  entry.state = [told = record](pid_t pid, Status status) mutable {
    told.pid = pid;
    return state_json(told, status);
  };
  entry.spec = std::move(spec);
  return entry;
}

}  // namespace

Container Container::create(const StateRoot& root, const CreateRequest& request) {
  const UniqueFd bundle = spec::open_bundle(request.bundle);
  const std::string configuration =
      request.config_file.empty()
          ? spec::read_configuration(bundle.get(), request.bundle)
          : spec::read_configuration(AT_FDCWD, request.bundle, request.config_file);
  spec::Spec spec = spec::parse_spec(configuration, request.bundle);
  if (!spec.process) throw Error("bundle '" + request.bundle + "': config.json: process: missing");
  check_terminal(*spec.process, request);

  std::optional<Unit> unit;
  if (request.cgroup_manager == CgroupManager::systemd) unit.emplace(spec, request.id);

  Container made(root.create(request.id), new_record(request, spec));
  made.warnings_ = spec.warnings;
  if (request.cgroup_manager == CgroupManager::disabled && wants_limits(spec.linux_.resources)) {
    made.warnings_.emplace_back(
        "config.json: linux.resources: left out: --cgroup-manager disabled makes no cgroup");
  }
  const StateLock lock = made.folder_.lock();
  Undo folder([&] { made.folder_.remove(); });
  made.folder_.keep_configuration(configuration);
  made.folder_.write(made.record_);  // first: what a crash leaves can be found by it
  const std::string& path = made.record_.cgroup;
  std::optional<cgroup::Node> group;
  if (!path.empty()) group = make_cgroup(made.hierarchy(), path);
  Undo cgroup([&] {
    if (group || !made.record_.unit.empty()) made.remove_cgroup();
  });
  if (group) restrict_cgroup(made.hierarchy(), path, spec.linux_.resources);

  Entry entry = make_entry(request, std::move(spec), bundle, group, made.record_);
  entry.gate = open_gate(made.folder_.fd());
  made.open_console(request, entry);
  const ParentSteps steps = unit ? made.steps_with(*unit) : ParentSteps{};
  made.child_ = spawn(std::move(entry), group ? group->join() : CgroupJoin{}, steps);
  Undo process([&] { end(made.child_); });
  made.record_.pid = made.child_.pid;
  made.record_.start_time = start_time_of(made.child_.pid).value_or(0);
  made.folder_.write(made.record_);
  if (!request.pid_file.empty()) write_pid_file(request.pid_file, made.child_.pid);
  process.keep();
  cgroup.keep();
  folder.keep();
  return made;
}

ParentSteps Container::steps_with(Unit& unit) {
  return {.place =
              [this, &unit](pid_t pid) {
                unit.start(pid, record_);
                folder_.write(record_);
              },
          .moves = true,
          .limit = [this, &unit] { unit.limit(hierarchy(), record_); }};
}

void Container::open_console(const CreateRequest& request, Entry& entry) {
  if (!request.console_socket.empty()) {
    entry.console = process::connect_console(request.console_socket);
  } else if (entry.spec.process->terminal) {
    SocketPair pair = socket_pair();
    entry.console = std::move(pair.first);
    console_ = std::move(pair.second);
    take_own_size(*entry.spec.process);
  }
}

}  // namespace berth::runtime
