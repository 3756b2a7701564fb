// The tasks of the machine and the ids that each carries. A new one has those of who made it.
#pragma once

#include <sys/types.h>

#include <map>

namespace berth::test::resctrl {

// What the processor is told of a task.
struct Ids {
  unsigned closid = 0;
  unsigned rmid = 0;
  bool operator==(const Ids&) const = default;
};

struct Task {
  pid_t tid = 0;
  pid_t process = 0;  // the TID of its first thread
  uid_t uid = 0, saved_uid = 0;
  Ids ids;
  unsigned long long started = 0;  // tells a reused TID from the one before, where tasks are real
};

// Tasks that exist in the test alone.
class TaskTable {
 public:
  TaskTable() = default;
  virtual ~TaskTable() = default;
  TaskTable(const TaskTable&) = delete;
  TaskTable& operator=(const TaskTable&) = delete;

  void start(pid_t pid, uid_t uid = 0);
  void fork(pid_t parent, pid_t child);
  void add_thread(pid_t process, pid_t tid);
  void exit(pid_t tid);

  // Null where there is none.
  virtual Task* find(pid_t tid);
  virtual std::map<pid_t, Task>& all() { return tasks_; }
  // Whether any task may be outside of the default group.
  bool anybody_placed() const;

 protected:
  std::map<pid_t, Task> tasks_;
};

// The tasks of this machine, seen in /proc. Ids are inherited when a task is first seen: from its
// process, or from its parent as it is then. Before any is moved, all are looked at; so only a task
// whose parent died unseen by any read or write of a `tasks` file is taken for one of the default
// group.
class RealTasks : public TaskTable {
 public:
  Task* find(pid_t tid) override;
  std::map<pid_t, Task>& all() override;

 private:
  Task* find(pid_t tid, bool with_users);
};

}  // namespace berth::test::resctrl
