// A group of its own for each test, on whatever hierarchies this host has, and children in it. All
// of it is gone after the test, orphans included.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "runtime/cgroup/node.h"

namespace berth::runtime::cgroup {

class Scratch : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // A path below the test's own group: `berth_test_123/job_1`.
  std::string path(const std::string& below) const { return top_ + "/" + below; }
  // Where a controller's group `path` is in the file system; `file` in it.
  std::string file_of(const std::string& controller, const std::string& path,
                      const std::string& file) const;
  std::string read(const std::string& controller, const std::string& path,
                   const std::string& file) const;
  // Directories of `path` that exist, in all hierarchies.
  std::vector<std::string> directories(const std::string& path) const;

  // Runs `action` in a child that has joined `node`; gives its wait status. The child's exit code
  // is `action`'s value, 99 where it throws.
  int run_in(const Node& node, const std::function<int()>& action) const;
  // A child in `node` that stays until it is killed. `action` (may be empty) runs first.
  pid_t stay_in(const Node& node, const std::function<void()>& action = {}) const;

  // The same machine without the controller `pids`.
  Hierarchy without_pids() const;

  Hierarchy hierarchy_;
  std::string top_;
};

// One limit alone.
Limits memory_of(int64_t bytes);
Limits pids_of(int64_t count);

// Touches that much memory and keeps it.
void keep_memory(size_t bytes);
// Touches that much memory; true where all of it was there.
bool touch_memory(size_t bytes);

}  // namespace berth::runtime::cgroup
