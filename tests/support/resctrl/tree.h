// Which files there are, with what they read and take.
#pragma once

#include "tests/support/resctrl/node.h"

namespace berth::test::resctrl {

class Tree {
 public:
  explicit Tree(State& state);

  const std::shared_ptr<Node>& root() const { return root_; }
  // The directory of a group with its files; `mode` as mkdir(2) gives it.
  Node& add_group(Node& parent, const std::shared_ptr<Group>& group, mode_t mode,
                  const Caller& owner);

 private:
  Node& add(Node& parent, const std::string& name, mode_t mode, const Caller& owner);
  void add_file(Node& parent, const std::string& name, Node::Read read,
                Node::Write write = nullptr);
  void fill_group(Node& directory, const Caller& owner);
  void add_common_files(Node& directory);
  void add_control_files(Node& directory);
  void add_monitor_data(Node& directory, const Caller& owner);
  void add_info();
  void add_cache_info(Node& info, const Schema& schema);
  void add_bandwidth_info(Node& info, const Schema& schema);
  void add_monitor_info(Node& info);

  State& state_;
  uint64_t next_number_ = 1;
  std::shared_ptr<Node> root_;
};

}  // namespace berth::test::resctrl
