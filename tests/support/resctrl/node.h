// The files and directories, as kernfs keeps them: whoever holds one that is gone gets ENODEV.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "tests/support/resctrl/state.h"

namespace berth::test::resctrl {

class Node : public std::enable_shared_from_this<Node> {
 public:
  using Read = std::function<Text()>;
  using Write = std::function<int(std::string_view, const Caller&)>;

  Node(uint64_t inode, std::string called, mode_t bits, const Caller& owner, Node* above);

  bool is_directory() const { return (mode & S_IFMT) == S_IFDIR; }
  Node* child(const std::string& child_name) const;
  std::string path() const;  // from the root, without a slash before it
  // Out of its parent, with all below it. Holders keep the object.
  void remove();

  const uint64_t number;  // of its inode
  std::string name;
  mode_t mode;
  uid_t uid;
  gid_t gid;
  Node* parent;
  bool removed = false;
  std::map<std::string, std::shared_ptr<Node>> children;
  std::shared_ptr<Group> group;  // that it belongs to; none in info
  Read read;
  Write write;

 private:
  void mark_removed(const std::string& where);
  std::string last_path_;  // of what is removed
};

}  // namespace berth::test::resctrl
