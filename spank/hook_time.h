// How long the hooks take, for who asks: `trace_time` among the plugin's arguments in
// plugstack.conf. Nobody asks, a hook looks at those few words.
#pragma once

#include <cstdint>

#include "spank/slurm_api.h"

namespace berth::spank {

// A hook's arguments from plugstack.conf, as SPANK gives them.
struct Arguments {
  int count = 0;
  char** words = nullptr;
};
bool asks_for_times(Arguments arguments);

// Lives as long as its hook works, and logs then, where that was asked: at Slurm's level `info` on
// the node, `debug` in a command of the user's. Nothing of a step that asked for nothing of ours.
class HookTime {
 public:
  // `task`: where the hook is one of a task's, whose number the line tells.
  HookTime(const char* hook, Arguments arguments, spank_t task = nullptr);
  ~HookTime();
  HookTime(const HookTime&) = delete;
  HookTime& operator=(const HookTime&) = delete;

 private:
  const char* hook_;
  spank_t task_;
  int64_t begin_ = 0;  // 0: nobody asked
};

}  // namespace berth::spank
