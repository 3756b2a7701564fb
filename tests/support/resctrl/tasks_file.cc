#include <fmt/format.h>

#include <cerrno>

#include "tests/support/resctrl/group_files.h"
#include "tests/support/resctrl/kernel_text.h"

namespace berth::test::resctrl {

namespace {

bool belongs(const State& state, const Task& task, const Group& group) {
  if (group.monitors_only()) return task.ids.rmid == group.rmid;
  return !state.schemas.empty() && task.ids.closid == group.closid;
}

int move_task(State& state, const Group& group, int tid, const Caller& caller) {
  state.tasks->all();  // whoever a real task has made by now has its ids of now
  Task* task = state.tasks->find(tid == 0 ? caller.tid : tid);
  if (task == nullptr) return state.status.put(ESRCH, fmt::format("No task {}", tid));
  if (caller.uid != 0 && caller.uid != task->uid && caller.uid != task->saved_uid) {
    return state.status.put(EPERM, fmt::format("No permission to move task {}", task->tid));
  }
  const Ids ids{group.closid, group.rmid};
  if (task->ids == ids) return 0;
  if (group.monitors_only() && task->ids.closid != group.parent->closid) {
    return state.status.put(EINVAL, "Can't move task to different control group");
  }
  task->ids = ids;
  return 0;
}

// 6.7 and later: numbers with commas between them, up to a newline or the end.
int move_listed(State& state, const Group& group, std::string_view written, const Caller& caller) {
  std::optional<std::string_view> rest = until_nul(written);
  while (rest && !rest->empty() && rest->front() != '\n') {
    const std::string word(stripped(cut(rest, ',')));
    int tid = 0;
    if (read_integer(word, 0, tid) != 0) {
      return state.status.put(EINVAL, "Task list parsing error pid " + word);
    }
    if (tid < 0) return state.status.put(EINVAL, fmt::format("Invalid pid {}", tid));
    if (const int error = move_task(state, group, tid, caller)) {
      return state.status.put(error, fmt::format("Error while processing task {}", tid));
    }
  }
  return 0;
}

}  // namespace

int write_tasks(State& state, const Group& group, std::string_view written, const Caller& caller) {
  if (state.profile.pid_lists()) {
    state.status.clear();
    return move_listed(state, group, written, caller);
  }
  int tid = 0;
  if (read_integer(stripped(until_nul(written)), 0, tid) != 0 || tid < 0) return EINVAL;
  state.status.clear();
  return move_task(state, group, tid, caller);
}

std::string tasks_text(const State& state, const Group& group) {
  std::string text;
  if (&group != state.root.get() && !state.tasks->anybody_placed()) return text;
  for (const auto& [tid, task] : state.tasks->all()) {
    if (belongs(state, task, group)) text += fmt::format("{}\n", tid);
  }
  return text;
}

void move_tasks(const State& state, const Group& from, const Group& to) {
  if (&from != state.root.get() && !state.tasks->anybody_placed()) return;
  for (auto& [tid, task] : state.tasks->all()) {
    if (belongs(state, task, from)) task.ids = {to.closid, to.rmid};
  }
}

}  // namespace berth::test::resctrl
