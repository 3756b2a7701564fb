// An OCI container's life over several commands: create, start, kill, delete (runtime-spec,
// "Runtime and Lifecycle"). Each acts on the record and on the kernel's own objects; none keeps
// anything in memory for the next.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "runtime/cgroup/hierarchy.h"
#include "runtime/cgroup/making.h"
#include "runtime/cgroup/node.h"
#include "runtime/container/create_request.h"
#include "runtime/container/notify.h"
#include "runtime/container/spawn.h"
#include "runtime/state/state.h"

namespace berth::runtime {

struct CgroupPlace;
struct CheckpointRequest;
struct RestoreRequest;
class Undo;
class Unit;

class Container {
 public:
  // Makes it, with its process ready and waiting, or started (is_started). Where it fails, nothing
  // of it is left.
  static Container create(const StateRoot& root, const CreateRequest& request);
  // One that goes on from what `checkpoint` saved. Where it fails, nothing of it is left. A stopped
  // one of that id, which was saved, gives way to it.
  static Container restore(const StateRoot& root, const RestoreRequest& request);
  // Throws Error where there is none.
  static Container find(const StateRoot& root, const std::string& id);

  const Record& record() const { return record_; }
  // Where its cgroup is. Read once: every question to the cgroup wants it.
  const cgroup::Hierarchy& hierarchy() const;
  // By its cgroup, or, where it has none, by its namespaces.
  std::vector<pid_t> processes() const;
  Status status() const;

  // Lets the waiting process execute the program; runs the poststart hooks. Throws EnterFailure
  // where the program cannot be executed. Where a hook fails the container is removed
  // (runtime-spec, "Lifecycle"), and an Error says what the hook did.
  void start();
  // Of one that was just made: its program is executed already, there is nothing to start.
  bool is_started() const { return started_; }
  // Of one that was just started for who does not stay: where it has a NotifySocket, until it is
  // ready.
  void await_ready() const;
  // To the first process, or to each of its processes. SIGKILL always ends all: without a PID
  // namespace of its own its first process' end would not.
  void kill(int signal, bool all) const;
  // Saves its processes in files, by the program criu. It is stopped then, unless the request says
  // that it goes on. Throws Error with what criu says.
  void checkpoint(const CheckpointRequest& request);
  // `lines` of a schemata file to its resctrl group. Throws Error where it has none of its own.
  void change_cache_group(const std::vector<std::string>& lines) const;
  // Removes what is left of a stopped container, also of one that was only created; of a living
  // one with `force`. Runs the poststop hooks and takes back what its bundle's runtime.json asked
  // for, the cgroups that others may have joined only if `service_cgroups`: a warning for each that
  // failed is returned.
  std::vector<std::string> remove(bool force, bool service_cgroups = false);

  // What its configuration asks for and does not get, a line each; of one that was just made.
  const std::vector<std::string>& warnings() const { return warnings_; }
  // Its process, where this process made it: for who waits.
  const Child& child() const { return child_; }
  // The console's other end for a terminal that this process relays.
  const UniqueFd& console() const { return console_; }
  // Of one that was just started: what it has to say to who started berth. May be nothing.
  const NotifySocket* notify() const { return notify_ ? &*notify_ : nullptr; }

 private:
  Container(StateFolder folder, Record record)
      : folder_(std::move(folder)), record_(std::move(record)) {}
  // Its resctrl group and its cgroup; `own_cgroup`: that is neither systemd's to make nor left out.
  struct Groups {
    std::optional<cgroup::Node> cgroup;
    LateLimits limits;
    std::unique_ptr<cgroup::Making> begun;  // in place of both, for finish_groups
    std::optional<OwnGroups> own;           // with that: joined when the tree is made
    bool has_cgroup() const { return cgroup || begun; }
    CgroupJoin join() const;
  };
  Groups make_groups(const spec::Spec& spec, const CgroupPlace& place, bool own_cgroup, Undo& undo);
  // The same, but for what can be made while the first process is on its way.
  Groups begin_groups(const spec::Spec& spec, const CgroupPlace& place, bool own_cgroup,
                      Undo& undo);
  Confinement finish_groups(const Groups& groups, const CgroupPlace& place,
                            const spec::Resources& wished);
  void make_cache_group(const spec::Spec& spec, Undo& undo);
  void record_process(pid_t pid);
  void write_pid_file(const CreateRequest& request) const;
  void record_beside(ParentSteps& steps, std::optional<NextFile>& next,
                     const CreateRequest& request, const std::string& configuration);
  ParentSteps steps_with(Unit* unit);  // null: the cgroup is no unit of systemd's

  void save(const CheckpointRequest& request);
  void revive(const RestoreRequest& request, const spec::Spec& spec,
              const std::optional<cgroup::Node>& group, Unit* unit);
  // `late`: what is to be told beside an error: poststop hooks that failed too.
  static Container make(const StateRoot& root, const CreateRequest& request,
                        std::vector<std::string>& late);
  // Where the terminal's master is to be sent.
  UniqueFd open_console(const CreateRequest& request);
  std::optional<cgroup::Node> make_cgroup(const CgroupPlace& place);
  LateLimits limit(const CgroupPlace& place, const std::optional<cgroup::Node>& group,
                   const spec::Spec& spec);
  LateLimits limit(const CgroupPlace& place, const cgroup::Node& group,
                   const spec::Resources& wished);
  bool lives() const;
  [[noreturn]] void fail_start(const std::string& message);
  std::vector<std::string> remove_locked(bool service_cgroups);
  bool signal_all(int signal) const;
  spec::Hooks late_hooks() const;
  void end_processes() const;
  void remove_cgroup() const;
  StateLock lock_and_look_again();
  void be_ready_for_unit() const;
  std::vector<std::string> run_poststop() const;

  StateFolder folder_;
  Record record_;
  mutable std::optional<cgroup::Hierarchy> hierarchy_;
  std::vector<std::string> warnings_;
  Child child_;
  UniqueFd console_;
  std::optional<NotifySocket> notify_;
  bool has_cgroup_ = false;  // all of it, made by this process
  bool removed_ = false;
  bool started_ = false;
};

// The tree of cgroups that are berth's alone; containers without an absolute path live in it.
inline constexpr const char* kCgroupTree = "berth";

// In a container's folder: it was saved and ended.
inline constexpr const char* kCheckpointed = "checkpointed";

// `what` is for the message: criu saves and restores with all of root's rights, or not at all.
void require_criu_rights(const std::string& what);

// Its first process, held by a descriptor; nothing where that has ended.
std::optional<RunningContainer> running_container(const Record& record);

// The hierarchies that a container's cgroup is in; none where it has no cgroup.
cgroup::Hierarchy hierarchy_of(const Record& record);

}  // namespace berth::runtime
