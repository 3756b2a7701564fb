// A measurement's processes: each victim and aggressor is one, new for each repetition, so that no
// two share an address space's luck.
//
// What passes between it and the experiment, by its standard input and output: the experiment says
// `begin` once it is in its cache group; it binds itself, takes its memory and says `ready`; at
// `go` it works. A victim ends by itself, an aggressor at the end of its input. Its last line is
// the result, in JSON, or `error: ` and why.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <sys/types.h>

#include "base/fd.h"
#include "bench/cache/workload.h"

namespace berth::cache_bench {

using Task = std::variant<VictimTask, AggressorTask>;

std::string to_text(const Task& task, unsigned cpu);  // as one word of the worker's command line

// The worker's side: `word` is of to_text. Returns the exit status.
int work(const std::string& word);

// The experiment's side.
class Worker {
 public:
  // Starts this program again. Throws Error.
  Worker(const Task& task, unsigned cpu);
  // Kills it where it has not ended.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  Worker(Worker&& other) noexcept;
  Worker& operator=(Worker&&) = delete;

  pid_t pid() const { return pid_; }
  // Each throws Error with what the worker said, or where it says nothing for a minute.
  void begin();
  void wait_ready();
  void go();
  VictimResult wait_victim();
  AggressorResult stop_aggressor();

 private:
  void tell(std::string_view line);
  std::string hear(std::chrono::seconds patience);
  std::string result();

  pid_t pid_ = -1;
  UniqueFd to_, from_;
  std::string name_, heard_;
};

}  // namespace berth::cache_bench
