// Takes the steps of a container's beginning back. Private to this folder.
#pragma once

#include <exception>
#include <functional>
#include <utility>
#include <vector>

#include "base/trace.h"

namespace berth::runtime {

// Each step's opposite, the last one's first, at the end of the scope unless all of it succeeds.
class Undo {
 public:
  Undo() = default;
  ~Undo() {
    for (auto act = acts_.rbegin(); act != acts_.rend(); ++act) perform(*act);
  }
  Undo(const Undo&) = delete;
  Undo& operator=(const Undo&) = delete;
  void add(std::function<void()> act) { acts_.push_back(std::move(act)); }
  void keep() { acts_.clear(); }

 private:
  static void perform(const std::function<void()>& act) {
    try {
      act();
    } catch (const std::exception& e) {
      if (tracing()) trace(e.what());  // what made us fail is what is told
    }
  }
  std::vector<std::function<void()>> acts_;
};

}  // namespace berth::runtime
