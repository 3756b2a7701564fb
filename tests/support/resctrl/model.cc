#include "tests/support/resctrl/model.h"

#include <algorithm>
#include <cerrno>

#include "tests/support/resctrl/groups.h"

namespace berth::test::resctrl {

namespace {

constexpr size_t kPage = 4096;

// A directory in which monitoring groups may be made: kernfs knows it by its name.
bool holds_monitors(const Node& node, const std::string& child) {
  return node.name == "mon_groups" && child != "mon_groups";
}

std::string below(const Node& parent, const std::string& name) {
  const std::string above = parent.path();
  return above.empty() ? name : above + '/' + name;
}

}  // namespace

Model::Model(Processor processor, Profile profile, MountOptions options)
    : state_(profile, std::move(processor), options), tree_(state_) {
  state_.now = [this] { return time_; };
}

int Model::ask(Operation operation, const std::string& path, const Caller& caller,
               std::string_view bytes) {
  if (!hook_ || in_hook_) return 0;
  struct Inside {
    explicit Inside(bool& inside) : flag(inside) { flag = true; }
    ~Inside() { flag = false; }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    bool& flag;
  } const inside(in_hook_);
  return hook_({operation, path, std::string(bytes), caller});
}

int Model::open(const Node& node, bool for_writing, const Caller& caller) {
  if (const int error = ask(Operation::open, node.path(), caller)) return error;
  if (node.removed) return ENOENT;
  // Not even root may write to what takes no writes.
  return for_writing && !node.write ? EACCES : 0;
}

Text Model::read(const Node& node, const Caller& caller) {
  if (const int error = ask(Operation::read, node.path(), caller)) return {error, {}};
  if (node.removed) return {ENODEV, {}};
  if (node.is_directory()) return {EISDIR, {}};
  if (state_.profile.cleared_by_any_file() && node.group) state_.status.clear();
  return node.read();
}

int Model::write(const Node& node, std::string_view bytes, const Caller& caller) {
  if (const int error = ask(Operation::write, node.path(), caller, bytes)) return error;
  if (bytes.size() > kPage) return E2BIG;
  if (node.removed) return ENODEV;
  if (node.is_directory()) return EISDIR;
  if (state_.profile.cleared_by_any_file() && node.group) state_.status.clear();
  return node.write ? node.write(bytes, caller) : EINVAL;
}

Names Model::list(const Node& node, const Caller& caller) {
  if (const int error = ask(Operation::list, node.path(), caller)) return {error, {}};
  if (node.removed) return {ENOENT, {}};
  if (!node.is_directory()) return {ENOTDIR, {}};
  Names names;
  for (const auto& [name, child] : node.children) names.names.push_back(name);
  return names;
}

int Model::mkdir(Node& parent, const std::string& name, mode_t mode, const Caller& caller) {
  if (const int error = ask(Operation::make, below(parent, name), caller)) return error;
  if (parent.removed) return ENOENT;
  if (parent.child(name) != nullptr) return EEXIST;
  if (name.find('\n') != std::string::npos) return EINVAL;
  const bool control = &parent == root().get() && !state_.schemas.empty();
  if (!control && !(state_.rmids && holds_monitors(parent, name))) return EPERM;
  if (state_.profile.cleared_by_mkdir_and_cpus()) state_.status.clear();
  const Made made =
      control ? make_control_group(state_, name) : make_monitor_group(state_, *parent.group, name);
  if (made.error == 0) tree_.add_group(parent, made.group, mode, caller);
  return made.error;
}

int Model::rmdir(Node& parent, const std::string& name, const Caller& caller) {
  if (const int error = ask(Operation::remove, below(parent, name), caller)) return error;
  Node* const node = parent.removed ? nullptr : parent.child(name);
  if (node == nullptr) return ENOENT;
  if (!node->is_directory()) return ENOTDIR;
  const auto group = node->group;
  const bool control =
      &parent == root().get() && group && group != state_.root && name == group->name;
  if (!control && !(group && group->monitors_only() && holds_monitors(parent, name))) return EPERM;
  if (state_.profile.cleared_by_any_file()) state_.status.clear();
  remove_group(state_, *group);
  node->remove();
  return 0;
}

int Model::rename(Node& parent, const std::string& name, Node& new_parent,
                  const std::string& new_name, const Caller& caller) {
  if (const int error =
          ask(Operation::rename, below(parent, name), caller, below(new_parent, new_name))) {
    return error;
  }
  Node* const node = parent.removed || new_parent.removed ? nullptr : parent.child(name);
  if (node == nullptr) return ENOENT;
  if (!state_.profile.rename()) return EPERM;
  if (!node->group || !new_parent.group) return ENOENT;
  state_.status.clear();
  if (!node->is_directory()) {
    return state_.status.put(EPERM, "Source and destination must be directories");
  }
  if (!node->group->monitors_only() || !holds_monitors(parent, name)) {
    return state_.status.put(EPERM, "Source must be a MON group");
  }
  if (!holds_monitors(new_parent, new_name)) {
    return state_.status.put(EPERM, "Destination must be a mon_groups subdirectory");
  }
  if (new_parent.child(new_name) != nullptr) return EEXIST;
  const int error = move_monitor_group(state_, *node->group, *new_parent.group, new_name);
  if (error != 0) return error;
  const auto moved = node->shared_from_this();
  parent.children.erase(name);
  moved->name = new_name;
  moved->parent = &new_parent;
  new_parent.children[new_name] = moved;
  return 0;
}

std::shared_ptr<Node> Model::find(const std::string& path) const {
  Node* node = root().get();
  for (size_t begin = 0; node != nullptr && begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    node = node->child(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return node == nullptr ? nullptr : node->shared_from_this();
}

Model::Place Model::place(const std::string& path) const {
  const size_t slash = path.rfind('/');
  const auto parent = slash == std::string::npos ? root() : find(path.substr(0, slash));
  const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  if (name.empty()) return {EBUSY, nullptr, ""};  // the root: a mount point
  if (parent == nullptr) return {ENOENT, nullptr, ""};
  if (!parent->is_directory()) return {ENOTDIR, nullptr, ""};
  return {0, parent, name};
}

int Model::mkdir(const std::string& path, mode_t mode, const Caller& caller) {
  const Place at = place(path);
  if (at.error != 0) return at.error == EBUSY ? EEXIST : at.error;
  return mkdir(*at.parent, at.name, mode, caller);
}

int Model::rmdir(const std::string& path, const Caller& caller) {
  const Place at = place(path);
  return at.error != 0 ? at.error : rmdir(*at.parent, at.name, caller);
}

int Model::rename(const std::string& from, const std::string& to, const Caller& caller) {
  const Place source = place(from), target = place(to);
  if (source.error != 0 || target.error != 0)
    return source.error != 0 ? source.error : target.error;
  return rename(*source.parent, source.name, *target.parent, target.name, caller);
}

int Model::write(const std::string& path, std::string_view bytes, const Caller& caller) {
  const auto node = find(path);
  if (node == nullptr) return ENOENT;
  if (node->is_directory()) return EISDIR;
  if (const int error = open(*node, true, caller)) return error;
  return write(*node, bytes, caller);
}

Text Model::read(const std::string& path, const Caller& caller) {
  const auto node = find(path);
  if (node == nullptr) return {ENOENT, {}};
  if (const int error = open(*node, false, caller)) return {error, {}};
  return read(*node, caller);
}

Names Model::list(const std::string& path, const Caller& caller) {
  const auto node = find(path);
  return node == nullptr ? Names{ENOENT, {}} : list(*node, caller);
}

void Model::advance(std::chrono::milliseconds time) {
  time_ += time;
  look_at_limbo(state_);
}

void Model::use_real_clock() {
  state_.now = [] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
  };
}

void Model::lock_bits(const std::string& schema, unsigned domain, uint32_t bits) {
  Schema& line = *state_.schema(schema);
  for (size_t i = 0; i < line.domains().size(); ++i) {
    if (line.domains()[i].id == domain) line.locked[i] = bits;
  }
}

void Model::set_online(unsigned cpu, bool online) {
  if (online) {
    state_.online.insert(cpu);
    state_.root->cpus.insert(cpu);
    return;
  }
  state_.online.erase(cpu);
  for (const auto& group : state_.groups) {
    group->cpus.erase(cpu);
    for (const auto& child : group->children) child->cpus.erase(cpu);
  }
}

uint32_t Model::value(const std::string& schema, unsigned domain, unsigned closid) const {
  const Schema& line = *state_.schema(schema);
  const auto& domains = line.domains();
  const auto at = std::ranges::find_if(domains, [&](const Domain& d) { return d.id == domain; });
  return line.values.at(static_cast<size_t>(at - domains.begin())).at(closid);
}

}  // namespace berth::test::resctrl
