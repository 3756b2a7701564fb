// The children of `berth launch`: started together, signalled together, their output labelled,
// their worst exit status ours.
#pragma once

#include <signal.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "rdt/ledger.h"
#include "runtime/cgroup/join.h"
#include "runtime/container/spawn.h"

namespace berth::launcher {

class TaskGroup {
 public:
  // From here on this process's signals are for the tasks. `label`: each line of output gets the
  // task's number in front, and only task 0 reads standard input.
  explicit TaskGroup(bool label);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  // Kills what still runs: a launch that fails half-way leaves no task.
  ~TaskGroup();

  void start(unsigned number, runtime::Entry entry, runtime::CgroupJoin join,
             const std::optional<rdt::OpenPlace>& place,
             const std::function<void(pid_t)>& network = {});
  pid_t first() const { return tasks_.front().child.pid; }
  // Until the last one ends and its output is passed on. The highest exit status.
  int wait();

 private:
  struct Stream {
    UniqueFd pipe;
    int destination = 1;
    std::string label, pending;
  };
  struct Task {
    runtime::Child child;
    bool running = true;
  };
  void forward_signals();
  void reap();
  void pass_on(Stream& stream);
  bool label_;
  sigset_t mask_before_{};  // the tasks' own
  UniqueFd signals_;
  std::vector<Task> tasks_;
  std::vector<Stream> streams_;
  int worst_ = 0;
};

}  // namespace berth::launcher
