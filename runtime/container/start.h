// One start of a container in its three stages. enter.cc runs them in one process; spawn.cc puts a
// process of its own between them where a PID namespace begins. Private to this folder.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "runtime/container/enter.h"
#include "runtime/process/capabilities.h"
#include "runtime/process/id_map.h"
#include "runtime/process/namespaces.h"
#include "runtime/process/program.h"
#include "runtime/process/seccomp.h"
#include "runtime/process/security_labels.h"
#include "runtime/process/user.h"
#include "runtime/rootfs/rootfs.h"

namespace berth::runtime {

// Where a start in a child stops for a word with its parent; each may be empty.
struct Stops {
  std::function<void()> confine;       // the same, and what the parent made meanwhile is taken
  std::function<void()> namespaces;    // they are made, and nothing in them but `lo` is set up
  std::function<void()> own_groups;    // they are to be seen in the tree, so they must be there
  std::function<void()> before_pivot;  // namespaces and tree are made, the host's paths still there
  std::function<void()> inside;        // all is made, and the process has its maker's rights still
  std::function<void()> limits;        // the last limits are the parent's to set
  std::function<void()> ready;         // all is done but the last limits and execve
  std::function<void()> gate;          // after the limits: until somebody starts it
  // A connection to the seccomp agent, whose path is the host's.
  std::function<UniqueFd()> agent;
};

class Start {
 public:
  // All that can be prepared and refused without touching this process.
  explicit Start(Entry entry);
  Start(const Start&) = delete;
  Start& operator=(const Start&) = delete;
  ~Start() = default;

  // In the process that becomes the program, or in its parent.
  void before_cgroup();
  void on_host();
  void enter_user_namespace();
  // In a process that was cloned with CLONE_NEWUSER, before anything else that looks at ids.
  void map_own_ids();
  // Where nobody outside will do it: while the host's paths are there.
  void connect_agent();
  // From the namespaces to execve.
  [[noreturn]] void inside(const Stops& stops);

  const std::string& id() const { return entry_.id; }
  const Entry& entry() const { return entry_; }
  // The pid that this process has for its maker: what hooks are told.
  void set_host_pid(pid_t pid) { host_pid_ = pid; }
  void take_limits(LateLimits limits) { entry_.limits = std::move(limits); }
  bool makes_pid_namespace() const { return namespaces_.makes_pid(); }
  bool joins_pid_namespace() const { return namespaces_.joins_pid(); }
  process::Namespaces& namespaces() { return namespaces_; }
  bool has_user_namespace() const {
    return entry_.user_namespace || namespaces_.joins_user() || maps_;
  }
  // Whether a clone can make the user namespace: it maps this process' own id alone, so the child
  // writes the maps itself, and there is no right over the host that it would lose too early.
  bool can_clone_user_namespace() const;
  // For keyrings that are made between.
  void label_keys(bool on) const {
    if (labels_) labels_->label_keys(on);
  }
  // In a child: the standard descriptors and the signal mask that the entry names.
  void take_stdio() const;
  const std::optional<sigset_t>& signal_mask() const { return entry_.signal_mask; }
  // Sockets that were passed to `from` are passed to this process (LISTEN_PID).
  void take_listen_pid(pid_t from);

 private:
  const spec::Process& process() const { return *entry_.spec.process; }
  void prepare_labels();
  void give_stdio() const;
  void join_container();
  void make_namespaces();
  void make_tree(const Stops& stops);
  void run_hooks_inside(const std::vector<spec::Hook>& hooks, const char* kind, Status status,
                        const std::vector<std::string>& env) const;
  void open_terminal(int root);
  void load_filter(const Stops& stops);
  std::string process_state() const;
  void take_identity(process::Groups groups, const process::CapabilityPlan& capabilities);

  Entry entry_;
  process::Namespaces namespaces_;
  std::optional<process::IdMaps> maps_;
  bool cloned_into_user_namespace_ = false;
  std::optional<process::SeccompFilter> seccomp_;
  process::Program program_;
  std::optional<rootfs::Rootfs> rootfs_;
  UniqueFd proc_sys_;
  std::optional<process::SecurityLabels> labels_;
  UniqueFd terminal_;  // the slave
  UniqueFd agent_;
  std::string bundle_path_;  // for the agent, where no record has it
  pid_t host_pid_ = -1;
};

// Whether the program gets a PID namespace that this process is not in: then it is a child.
bool asks_for_pid_namespace(const spec::Spec& spec);

// `start container 'x'`, for messages.
std::string step_of(const Entry& entry);

// Runs a stage; what it throws becomes an EnterFailure with the step in front.
void guard(const std::string& step, const std::function<void()>& stage);

}  // namespace berth::runtime
