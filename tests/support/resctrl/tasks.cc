#include "tests/support/resctrl/tasks.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace berth::test::resctrl {

namespace {

struct Seen {
  pid_t process = 0, parent = 0;
  uid_t uid = 0, saved_uid = 0;
  unsigned long long started = 0;
};

std::optional<std::string> text_of(pid_t tid, const char* file) {
  try {
    return read_file(AT_FDCWD, fmt::format("/proc/{}/{}", tid, file));
  } catch (const Error&) {
    return std::nullopt;  // it has ended
  }
}

std::optional<Seen> see(pid_t tid) {
  const auto status = text_of(tid, "status"), stat = text_of(tid, "stat");
  if (!status || !stat) return std::nullopt;
  Seen seen;
  std::istringstream lines(*status);
  for (std::string word; lines >> word;) {
    if (word == "Tgid:") lines >> seen.process;
    if (word == "PPid:") lines >> seen.parent;
    if (word == "Uid:") {
      uid_t effective = 0;
      lines >> seen.uid >> effective >> seen.saved_uid;
      break;
    }
  }
  // The command in parentheses may hold anything; the 20th field behind it is the start's time.
  std::istringstream fields(stat->substr(stat->rfind(')') + 1));
  std::string field;
  for (int i = 0; i < 19; ++i) fields >> field;
  fields >> seen.started;
  return seen;
}

std::vector<pid_t> numbers_in(const std::string& folder) {
  std::vector<pid_t> numbers;
  std::error_code gone;
  for (auto at = std::filesystem::directory_iterator(folder, gone);
       !gone && at != std::filesystem::directory_iterator(); at.increment(gone)) {
    const std::string name = at->path().filename();
    if (name.find_first_not_of("0123456789") == std::string::npos)
      numbers.push_back(std::stoi(name));
  }
  return numbers;
}

}  // namespace

void TaskTable::start(pid_t pid, uid_t uid) {
  tasks_[pid] = {pid, pid, uid, uid, {}, 0};
}

void TaskTable::fork(pid_t parent, pid_t child) {
  Task task = tasks_.at(parent);
  task.tid = task.process = child;
  tasks_[child] = task;
}

void TaskTable::add_thread(pid_t process, pid_t tid) {
  Task task = tasks_.at(process);
  task.tid = tid;
  tasks_[tid] = task;
}

void TaskTable::exit(pid_t tid) {
  tasks_.erase(tid);
}

Task* TaskTable::find(pid_t tid) {
  const auto at = tasks_.find(tid);
  return at == tasks_.end() ? nullptr : &at->second;
}

Task* RealTasks::find(pid_t tid) {
  const auto seen = see(tid);
  if (!seen) {
    tasks_.erase(tid);
    return nullptr;
  }
  const auto known = tasks_.find(tid);
  if (known != tasks_.end() && known->second.started == seen->started) return &known->second;
  Task task{tid, seen->process, seen->uid, seen->saved_uid, {}, seen->started};
  const pid_t maker = seen->process != tid ? seen->process : seen->parent;
  if (maker > 1) {
    if (const Task* from = find(maker)) task.ids = from->ids;
  }
  return &(tasks_[tid] = task);
}

std::map<pid_t, Task>& RealTasks::all() {
  std::map<pid_t, Task> living;
  for (const pid_t process : numbers_in("/proc")) {
    for (const pid_t tid : numbers_in(fmt::format("/proc/{}/task", process))) {
      if (const Task* task = find(tid)) living[tid] = *task;
    }
  }
  return tasks_ = std::move(living);
}

}  // namespace berth::test::resctrl
