// The kernel's resctrl in memory: paths in, errnos and texts out. No file system is needed; mount.h
// puts one in front of it. Not for two threads at once.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/resctrl/node.h"
#include "tests/support/resctrl/state.h"
#include "tests/support/resctrl/tree.h"

namespace berth::test::resctrl {

enum class Operation { open, read, write, list, make, remove, rename };

// A call that is about to be answered.
struct Call {
  Operation operation;
  std::string path;   // from the root, "" for the root itself
  std::string bytes;  // of a write; of a rename: the new path
  Caller caller;
};
// Asked before each call: 0 for it to go on, or the errno to fail it with. It may do to the model
// what it likes, as another program would between two calls; what it does asks nobody.
using Hook = std::function<int(const Call&)>;

struct Names {
  int error = 0;
  std::vector<std::string> names;  // sorted
};

class Model {
 public:
  // A mount(2). Throws Error with EINVAL where the options cannot be had.
  explicit Model(Processor processor, Profile profile = Profile(), MountOptions options = {});

  // By path from the root. Errors are errnos of the system call that would have done it.
  int mkdir(const std::string& path, mode_t mode = 0755, const Caller& caller = {});
  int rmdir(const std::string& path, const Caller& caller = {});
  int rename(const std::string& from, const std::string& to, const Caller& caller = {});
  int write(const std::string& path, std::string_view bytes, const Caller& caller = {});
  Text read(const std::string& path, const Caller& caller = {});
  Names list(const std::string& path, const Caller& caller = {});

  // By node, for who holds one open.
  const std::shared_ptr<Node>& root() const { return tree_.root(); }
  int open(const Node& node, bool for_writing, const Caller& caller);
  int mkdir(Node& parent, const std::string& name, mode_t mode, const Caller& caller);
  int rmdir(Node& parent, const std::string& name, const Caller& caller);
  int rename(Node& parent, const std::string& name, Node& new_parent, const std::string& new_name,
             const Caller& caller);
  int write(const Node& node, std::string_view bytes, const Caller& caller);
  Text read(const Node& node, const Caller& caller);
  Names list(const Node& node, const Caller& caller);

  void set_hook(Hook hook) { hook_ = std::move(hook); }

  // What only a test can do. Tasks: their table. Figures: what mon_data shows, asked for each RMID;
  // also decides when a freed RMID leaves limbo. The clock stands still unless it is moved.
  TaskTable& tasks() { return *state_.tasks; }
  void set_tasks(std::shared_ptr<TaskTable> tasks) { state_.tasks = std::move(tasks); }
  void set_figures(Figures figures) { state_.figures = std::move(figures); }
  void advance(std::chrono::milliseconds time);
  void use_real_clock();
  void lock_bits(const std::string& schema, unsigned domain,
                 uint32_t bits);  // another's pseudo-lock
  void set_online(unsigned cpu, bool online);
  // The mask of a CLOSID: what a model of occupancy goes by.
  uint32_t value(const std::string& schema, unsigned domain, unsigned closid) const;
  const State& state() const { return state_; }

 private:
  int ask(Operation operation, const std::string& path, const Caller& caller,
          std::string_view bytes = {});
  std::shared_ptr<Node> find(const std::string& path) const;
  struct Place {
    int error = 0;
    std::shared_ptr<Node> parent;
    std::string name;
  };
  Place place(const std::string& path) const;

  State state_;
  Tree tree_;
  Hook hook_;
  bool in_hook_ = false;
  std::chrono::milliseconds time_{0};
};

}  // namespace berth::test::resctrl
