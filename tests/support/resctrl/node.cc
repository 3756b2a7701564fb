#include "tests/support/resctrl/node.h"

namespace berth::test::resctrl {

Node::Node(uint64_t inode, std::string called, mode_t bits, const Caller& owner, Node* above)
    : number(inode),
      name(std::move(called)),
      mode(bits),
      uid(owner.uid),
      gid(owner.gid),
      parent(above) {}

Node* Node::child(const std::string& child_name) const {
  const auto at = children.find(child_name);
  return at == children.end() ? nullptr : at->second.get();
}

std::string Node::path() const {
  if (removed) return last_path_;
  if (parent == nullptr) return "";
  const std::string above = parent->path();
  return above.empty() ? name : above + '/' + name;
}

void Node::remove() {
  const auto self = shared_from_this();
  Node* const above = parent;
  mark_removed(path());
  above->children.erase(name);
}

void Node::mark_removed(const std::string& where) {
  removed = true;
  last_path_ = where;
  parent = nullptr;  // who holds this need not hold that
  for (const auto& [child_name, node] : children) node->mark_removed(where + '/' + child_name);
}

}  // namespace berth::test::resctrl
