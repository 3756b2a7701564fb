#include "tests/support/resctrl/tasks.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace berth::test::resctrl {

namespace {

// A missing file: it has ended.
std::optional<std::string> text_of(pid_t tid, const char* file) {
  try {
    return read_file(AT_FDCWD, fmt::format("/proc/{}/{}", tid, file));
  } catch (const Error&) {
    return std::nullopt;
  }
}

struct Birth {
  pid_t parent = 0;
  unsigned long long time = 0;
};

std::optional<Birth> birth_of(pid_t tid) {
  const auto stat = text_of(tid, "stat");
  if (!stat) return std::nullopt;
  // The command in parentheses may hold anything. Behind it: the state, the parent, 17 others.
  std::istringstream fields(stat->substr(stat->rfind(')') + 1));
  std::string field;
  Birth birth;
  fields >> field >> birth.parent;
  for (int i = 0; i < 17; ++i) fields >> field;
  fields >> birth.time;
  return birth;
}

bool read_status(Task& task) {
  const auto status = text_of(task.tid, "status");
  if (!status) return false;
  std::istringstream lines(*status);
  for (std::string word; lines >> word && word != "Gid:";) {
    if (word == "Tgid:") lines >> task.process;
    uid_t effective = 0;
    if (word == "Uid:") lines >> task.uid >> effective >> task.saved_uid;
  }
  return true;
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

bool TaskTable::anybody_placed() const {
  return std::ranges::any_of(tasks_, [](const auto& one) { return one.second.ids != Ids(); });
}

Task* RealTasks::find(pid_t tid) {
  return find(tid, true);
}

Task* RealTasks::find(pid_t tid, bool with_users) {
  const auto birth = birth_of(tid);
  const auto known = tasks_.find(tid);
  if (birth && known != tasks_.end() && known->second.started == birth->time) {
    if (with_users) read_status(known->second);
    return &known->second;
  }
  Task task{tid, tid, 0, 0, {}, birth ? birth->time : 0};
  if (!birth || !read_status(task)) {
    tasks_.erase(tid);
    return nullptr;
  }
  const pid_t maker = task.process != tid ? task.process : birth->parent;
  if (maker > 1) {
    if (const Task* from = find(maker, false)) task.ids = from->ids;
  }
  return &(tasks_[tid] = task);
}

std::map<pid_t, Task>& RealTasks::all() {
  std::map<pid_t, Task> living;
  for (const pid_t process : numbers_in("/proc")) {
    for (const pid_t tid : numbers_in(fmt::format("/proc/{}/task", process))) {
      if (const Task* task = find(tid, false)) living[tid] = *task;
    }
  }
  return tasks_ = std::move(living);
}

}  // namespace berth::test::resctrl
