// One container in the foreground, as an OCI runtime's `run`.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "launcher/prepare.h"
#include "launcher/task.h"
#include "launcher/verbs/verbs.h"
#include "runtime/cgroup/hierarchy.h"
#include "runtime/cgroup/node.h"
#include "runtime/container/spawn.h"
#include "runtime/process/descriptors.h"

namespace berth::launcher {
namespace {

namespace cgroup = runtime::cgroup;

void check_id(const std::string& id) {
  const auto allowed = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '+' || c == '-' ||
           c == '.';
  };
  if (id.empty() || id.starts_with('.') || !std::ranges::all_of(id, allowed)) {
    throw Error("container id '" + id + "': letters, digits and _+-. are allowed, no dot in front");
  }
}

// Two containers of one id would share a cgroup, and the end of one would be the end of both.
std::string unused_path(const cgroup::Hierarchy& hierarchy, const std::string& id) {
  std::string path = "berth/container_" + id;
  if (!cgroup::processes(hierarchy, path).empty()) {
    throw Error("container id '" + id + "' is in use on this node");
  }
  return path;
}

// The container's cgroup; removed with whatever is still in it.
class ContainerCgroup {
 public:
  explicit ContainerCgroup(const std::string& id)
      : hierarchy_(cgroup::detect()),
        path_(unused_path(hierarchy_, id)),
        node_(cgroup::Node::create(hierarchy_, path_, {})) {}
  ContainerCgroup(const ContainerCgroup&) = delete;
  ContainerCgroup& operator=(const ContainerCgroup&) = delete;
  ~ContainerCgroup() {
    try {
      cgroup::kill_all(hierarchy_, path_);
      cgroup::remove(hierarchy_, path_);
      cgroup::prune(hierarchy_, "berth");
    } catch (const std::exception& e) {
      std::fprintf(stderr, "berth: %s\n", e.what());
    }
  }
  const cgroup::Node& node() const { return node_; }

 private:
  cgroup::Hierarchy hierarchy_;
  std::string path_;
  cgroup::Node node_;
};

}  // namespace

int run(const RunOptions& options, const std::vector<int>& descriptors) {
  check_id(options.id);
  runtime::spec::Spec spec = load_runnable_bundle(options.bundle);
  runtime::Entry entry;
  entry.id = options.id;
  entry.bundle = open_dir(AT_FDCWD, options.bundle);
  entry.fds =
      runtime::FdPolicy::from_environment(spec.process->env, descriptors, options.preserve_fds);
  runtime::CgroupJoin join;
  std::optional<ContainerCgroup> group;
  std::vector<runtime::LateLimit> opened;
  if (::geteuid() == 0) {
    group.emplace(options.id);
    join = group->node().join();
    opened = open_limits(group->node(), {});
  }
  entry.limits = final_limits(std::move(opened), {}, {}, spec.linux_.resources);
  entry.spec = std::move(spec);
  const runtime::Child child = runtime::spawn(std::move(entry), std::move(join));
  return runtime::forward_and_wait(child);
}

}  // namespace berth::launcher
