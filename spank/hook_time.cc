#include "spank/hook_time.h"

#include <string>
#include <string_view>

#include "base/step_times.h"
#include "spank/step.h"

namespace berth::spank {
namespace {

std::string of_task(spank_t task) {
  int number = -1;
  if (task == nullptr || spank_get_item(task, S_TASK_ID, &number) != ESPANK_SUCCESS) return "";
  return " of task " + std::to_string(number);
}

}  // namespace

bool asks_for_times(Arguments arguments) {
  for (int i = 0; i < arguments.count; ++i) {
    if (arguments.words[i] == std::string_view(kTraceTime)) return true;
  }
  return false;
}

HookTime::HookTime(const char* hook, Arguments arguments, spank_t task)
    : hook_(hook), task_(task), begin_(asks_for_times(arguments) ? monotonic_nanoseconds() : 0) {}

HookTime::~HookTime() {
  if (begin_ == 0) return;
  const spank_context_t context = spank_context();
  if (context == S_CTX_REMOTE && !the_step().asked) return;
  const long long microseconds = (monotonic_nanoseconds() - begin_) / 1000;
  const bool on_node = context != S_CTX_LOCAL && context != S_CTX_ALLOCATOR;
  (on_node ? slurm_info : slurm_debug)("berth: time: %s%s: %lld us", hook_, of_task(task_).c_str(),
                                       microseconds);
}

}  // namespace berth::spank
