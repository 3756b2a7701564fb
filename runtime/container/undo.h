// Takes one step of a container's beginning back. Private to this folder.
#pragma once

#include <exception>
#include <functional>

#include "base/trace.h"

namespace berth::runtime {

// The step's opposite, at the end of the scope unless all of it succeeds.
class Undo {
 public:
  explicit Undo(std::function<void()> act) : act_(std::move(act)) {}
  ~Undo() {
    if (!act_) return;
    try {
      act_();
    } catch (const std::exception& e) {
      if (tracing()) trace(e.what());  // what made us fail is what is told
    }
  }
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;
  void keep() { act_ = nullptr; }

 private:
  std::function<void()> act_;
};

}  // namespace berth::runtime
