#include "runtime/rootfs/rootfs.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/trace.h"
#include "runtime/rootfs/devices.h"
#include "runtime/rootfs/masked.h"
#include "runtime/rootfs/mount_gaps.h"
#include "runtime/rootfs/mount_plan.h"
#include "runtime/rootfs/mounts.h"
#include "runtime/rootfs/overlay.h"
#include "runtime/rootfs/pivot.h"
#include "runtime/rootfs/root_dir.h"
#include "runtime/rootfs/sources.h"
#include "runtime/rootfs/tree.h"

namespace berth::runtime::rootfs {
namespace {

// What is made in the root file system has the modes we say, not what the user's mask leaves.
class OwnUmask {
 public:
  OwnUmask() : before_(::umask(0)) {}
  ~OwnUmask() { ::umask(before_); }
  OwnUmask(const OwnUmask&) = delete;
  OwnUmask& operator=(const OwnUmask&) = delete;

 private:
  mode_t before_;
};

const spec::Root& root_of(const spec::Spec& spec) {
  if (!spec.root) throw Error("the bundle has no root file system");
  return *spec.root;
}

UniqueFd open_image(int bundle, const std::string& path) {
  const int fd = ::openat(bundle, path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) throw Error("no such root file system '" + path + "'");
  if (fd < 0 && errno == ENOTDIR) throw Error("root file system '" + path + "' is not a directory");
  return UniqueFd(check(fd, "open root file system", path));
}

}  // namespace

struct Rootfs::State {
  const spec::Spec& spec;
  int bundle = -1;
  bool in_user_namespace = false;
  std::vector<MountOp> plan;
  RootPropagation propagation;
  std::vector<BindSource> sources;
  bool sources_taken = false;
  DeviceNodes nodes;
  std::optional<RootDir> root;  // from mount_all on
  std::string no_overlay;       // why an image that needs one did not get it

  void attach_root();
  UniqueFd overlay_if_needed(const RootDir& image);
  void mount_planned(const std::function<void()>& own_groups_made);
  void make_working_directory();
  const RootDir& mounted() const;
};

Rootfs::Rootfs(std::unique_ptr<State> state) : state_(std::move(state)) {}
Rootfs::Rootfs(Rootfs&&) noexcept = default;
Rootfs& Rootfs::operator=(Rootfs&&) noexcept = default;
Rootfs::~Rootfs() = default;

Rootfs Rootfs::open(int bundle, const spec::Spec& spec, std::span<const HostBind> binds,
                    bool in_user_namespace, bool own_cgroup,
                    const std::optional<OwnGroups>& own_groups) {
  const UniqueFd image = open_image(bundle, root_of(spec).path);
  auto plan = plan_mounts(spec, binds,
                          {.in_user_namespace = in_user_namespace,
                           .own_cgroup = own_cgroup,
                           .own_groups = own_groups,
                           .root = path_of(image.get()),
                           .bundle = path_of(bundle)});
  require_right_to_map(plan);
  return Rootfs(
      std::make_unique<State>(State{.spec = spec,
                                    .bundle = bundle,
                                    .in_user_namespace = in_user_namespace,
                                    .plan = std::move(plan),
                                    .propagation = propagation_of(spec.linux_.rootfs_propagation),
                                    .sources = {},
                                    .sources_taken = false,
                                    .nodes = {},
                                    .root = {},
                                    .no_overlay = {}}));
}

void Rootfs::open_sources() {
  State& state = *state_;
  check(::fchdir(state.bundle), "change to", "bundle");
  state.sources = take_sources(state.plan, {.in_user_namespace = state.in_user_namespace,
                                            .shared = state.propagation.shared});
  state.sources_taken = true;
  if (state.in_user_namespace && !dev_is_bound(state.plan)) {
    // Whose ids a user namespace has that is joined by path, the configuration does not say.
    const spec::Namespace* user = state.spec.find_namespace(spec::NamespaceType::user);
    const bool joined = user != nullptr && !user->path.empty();
    state.nodes =
        DeviceNodes::make(devices_of(state.spec), joined ? spec::Linux() : state.spec.linux_);
  }
}

// Looked at before anything is mounted: a tree that mounts are in cannot be exchanged any more.
UniqueFd Rootfs::State::overlay_if_needed(const RootDir& image) {
  const MountGaps gaps = find_gaps(image, spec, plan, sources);
  if (!gaps.refused) return {};
  try {
    return overlay_on(image.fd(), gaps.parents, in_user_namespace);
  } catch (const Error& e) {
    no_overlay = e.within("no overlay").message();
    return {};  // the mount that cannot be made has the first word
  }
}

void Rootfs::State::attach_root() {
  const std::string& path = root_of(spec).path;
  const RootDir place(open_file(AT_FDCWD, path, O_PATH | O_DIRECTORY));
  if (propagation.shared) make_mount_private(place.fd());
  UniqueFd tree = overlay_if_needed(place);
  if (!tree) tree = clone_tree(AT_FDCWD, path, true);
  if (propagation.shared) {
    set_propagation(tree.get(), {.type = MS_PRIVATE, .recursive = true}, path);
  }
  attach(tree.get(), place.fd(), path);
  root.emplace(std::move(tree));
}

const RootDir& Rootfs::State::mounted() const {
  if (!root) throw Error("the root file system is used before mount_all");
  return *root;
}

void Rootfs::State::mount_planned(const std::function<void()>& own_groups_made) {
  try {
    for (size_t i = 0; i < plan.size(); ++i) {
      if (plan[i].own_groups && own_groups_made) own_groups_made();
      if (plan[i].destination == "/" && plan[i].kind == MountKind::bind) {
        root = perform_at_root(plan[i], mounted(), std::move(sources[i]));
      } else {
        perform(plan[i], mounted(), std::move(sources[i]));
      }
    }
    sources.clear();
    if (!dev_is_bound(plan)) {
      nodes.open_at(mounted().fd());
      make_devices(mounted(), devices_of(spec), nodes);
    }
  } catch (const Error& e) {
    if (no_overlay.empty() || !is_refusal(e.code())) throw;
    throw e.with_note(no_overlay);
  }
}

void Rootfs::mount_all(const std::function<void()>& own_groups_made) {
  State& state = *state_;
  if (!state.sources_taken) throw Error("mount_all before open_sources");
  const OwnUmask umask;
  cut_from_host(state.propagation);
  try {
    state.attach_root();
  } catch (const Error& e) {
    throw e.within("root file system");
  }
  state.mount_planned(own_groups_made);
}

void Rootfs::mount_console(int terminal) {
  bind_console(state_->mounted(), terminal);
}

// Where it cannot be made, entering it says why.
void Rootfs::State::make_working_directory() {
  if (!spec.process || spec.process->cwd == "/") return;
  const OwnUmask umask;
  try {
    const std::string& path = spec.process->cwd;
    if (!mounted().open_if_exists(path)) (void)mounted().make_dirs(path);
  } catch (const Error& e) {
    if (tracing()) trace(e.message());
  }
}

// What the set-up itself had to write to.
void Rootfs::seal() {
  State& state = *state_;
  state.make_working_directory();
  const RootDir& root = state.mounted();
  for (const MountOp& op : state.plan) finish(op, root);
  make_paths_readonly(root, state.spec.linux_.readonly_paths);
  mask_paths(root, state.spec.linux_.masked_paths, state.spec.linux_.mount_label);
  if (root_of(state.spec).readonly) {
    set_attributes(root.fd(), {.set = MOUNT_ATTR_RDONLY, .clear = 0}, false, "/");
  }
}

void Rootfs::pivot() {
  seal();
  const State& state = *state_;
  const RootDir& root = state.mounted();
  pivot_into(root.fd());
  if (state.propagation.final.type != 0) set_propagation(root.fd(), state.propagation.final, "/");
}

void Rootfs::settle_in(int mount_namespace) {
  seal();
  move_into(state_->mounted().fd(), mount_namespace);
}

int Rootfs::root() const {
  return state_->root ? state_->root->fd() : -1;
}

}  // namespace berth::runtime::rootfs
