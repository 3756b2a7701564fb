// The cgroup that is a new container's alone, and its resctrl group: made, limited, and taken back
// where the container comes to nothing.
#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/trace.h"
#include "runtime/cgroup/delegation.h"
#include "runtime/cgroup/directory.h"
#include "runtime/cgroup/making.h"
#include "runtime/cgroup/realtime.h"
#include "runtime/container/cache_group.h"
#include "runtime/container/cgroup_place.h"
#include "runtime/container/container.h"
#include "runtime/container/undo.h"
#include "runtime/resources/apply.h"
#include "runtime/resources/devices.h"

namespace berth::runtime {
namespace {

// Swap, which Node::late grants none of, as the configuration has it.
void allow_swap(LateLimits& late, const spec::Resources& wished) {
  if (!wished.memory_swap) return;
  const int64_t total = *wished.memory_swap;
  const int64_t memory = wished.memory_limit.value_or(-1);
  for (LateLimit& limit : late.limits) {
    if (limit.name == "memory.memsw.limit_in_bytes") limit.value = std::to_string(total);
    if (limit.name == "memory.swap.max") {
      const bool unlimited = total < 0 || memory < 0;
      limit.value = unlimited ? "max" : std::to_string(std::max<int64_t>(total - memory, 0));
    }
  }
}

bool is_denied(const Error& e) {
  return e.code() == EPERM || e.code() == EACCES || e.code() == EROFS;
}

// Resources that bind at once. The limits that bind last are late_limits.
void restrict_cgroup(const cgroup::Hierarchy& hierarchy, const CgroupPlace& place,
                     const spec::Resources& wished) {
  resources::apply(hierarchy, place.path, wished);
  if (wished.devices.empty()) return;
  try {
    resources::restrict_devices(hierarchy, place.path, wished.devices);
  } catch (const Error& e) {
    // Who may not load such a program makes no devices either.
    if (!place.rootless || !is_denied(e)) throw;
  }
}

// Unlimited is what a group without the controller is.
std::optional<int64_t> limit_if_needed(const cgroup::Hierarchy& hierarchy, const char* controller,
                                       const std::optional<int64_t>& limit) {
  const bool unlimited = limit && *limit < 0;
  return unlimited && !cgroup::version_of(hierarchy, controller) ? std::nullopt : limit;
}

LateLimits late_limits(const cgroup::Hierarchy& hierarchy, const cgroup::Node& node,
                       const spec::Resources& wished) {
  cgroup::Limits limits;
  limits.memory_bytes = limit_if_needed(hierarchy, "memory", wished.memory_limit);
  limits.pids = limit_if_needed(hierarchy, "pids", wished.pids_limit);
  if (limits.pids == 0) limits.pids = 1;  // the least there is: the program itself
  if (limits.empty()) return {};
  LateLimits late = node.late(limits);
  allow_swap(late, wished);
  for (LateLimit& limit : late.limits) {
    const auto unified = wished.unified.find(limit.name);
    if (unified != wished.unified.end()) limit.value = unified->second;
  }
  return late;
}

// Whether the first process may be there before all of its group is: nothing that it is told before
// it joins, and nothing that it makes up to then, depends on the group.
bool can_be_finished_later(const spec::Spec& spec, const CgroupPlace& place,
                           const cgroup::Hierarchy& hierarchy, bool gets_user_namespace) {
  using spec::NamespaceType;
  // What is denied, and then done without, is on the record before there is a process.
  if (place.path.empty() || place.rootless || gets_user_namespace) return false;
  // A group that is filled before they are set refuses some of these, or moves its memory.
  const spec::Resources& wished = spec.linux_.resources;
  if (!wished.cpus.empty() || !wished.mems.empty() || !wished.unified.empty()) return false;
  if (spec.process->scheduler) return false;  // v1's `cpu` takes no real-time process as it likes
  // It begins at the groups that its maker is in.
  return hierarchy.v1.empty() || !spec.has_namespace(NamespaceType::cgroup);
}

// Whether it may be in its groups only when its tree is made: nobody looks for it there before, and
// no file's content is its memory before.
bool can_be_joined_last(const spec::Spec& spec) {
  const spec::Hooks& hooks = spec.hooks;
  if (!hooks.prestart.empty() || !hooks.create_runtime.empty() || !hooks.create_container.empty()) {
    return false;
  }
  return std::ranges::none_of(spec.mounts, [](const spec::Mount& mount) {
    return std::ranges::find(mount.options, "tmpcopyup") != mount.options.end();
  });
}

// Whether the kernel's memory for its namespaces and mounts, charged to v2's group, would be too
// much of the limit: then even that group is joined last, though the write waits for the kernel.
bool is_tight(const spec::Resources& wished) {
  constexpr int64_t kMostThatASetUpTakes = int64_t{1} << 20;
  return wished.memory_limit && *wished.memory_limit >= 0 &&
         *wished.memory_limit < kMostThatASetUpTakes;
}

cgroup::Hierarchy without_v2(cgroup::Hierarchy hierarchy) {
  hierarchy.v2.clear();
  hierarchy.v2_controllers.clear();
  return hierarchy;
}

}  // namespace

Container::Groups Container::make_groups(const spec::Spec& spec, const CgroupPlace& place,
                                         bool own_cgroup, Undo& undo) {
  Groups made;
  make_cache_group(spec, undo);
  made.cgroup = make_cgroup(place);
  has_cgroup_ = made.cgroup.has_value();
  undo.add([this] {
    if (has_cgroup_ || !record_.unit.empty()) remove_cgroup();
  });
  if (!own_cgroup) return made;
  made.limits = limit(place, made.cgroup, spec);
  if (tracing() && made.cgroup) trace("made cgroup '" + place.path + "'");
  return made;
}

Container::Groups Container::begin_groups(const spec::Spec& spec, const CgroupPlace& place,
                                          bool own_cgroup, Undo& undo) {
  const bool gets_user_namespace =
      record_.own.user || spec.has_namespace(spec::NamespaceType::user);
  if (!own_cgroup || !can_be_finished_later(spec, place, hierarchy(), gets_user_namespace)) {
    return make_groups(spec, place, own_cgroup, undo);
  }
  Groups begun;
  make_cache_group(spec, undo);
  undo.add([this] {
    if (has_cgroup_) remove_cgroup();
  });
  begun.begun = std::make_unique<cgroup::Making>(hierarchy(), place.path);
  if (begun.begun->make_v2()) require_unused(hierarchy(), place.path);
  if (can_be_joined_last(spec)) {
    begun.own = {hierarchy(), cgroup::mounts_of_groups(hierarchy()), place.path,
                 hierarchy().v1.empty() && is_tight(spec.linux_.resources)};
  }
  return begun;
}

CgroupJoin Container::Groups::join() const {
  if (begun) return own && own->v2_too ? CgroupJoin{} : begun->join_v2();
  return cgroup ? cgroup->join() : CgroupJoin{};
}

// The process is in v2's group by now, which was looked at before, or will be.
Confinement Container::finish_groups(const Groups& groups, const CgroupPlace& place,
                                     const spec::Resources& wished) {
  cgroup::Making& making = *groups.begun;
  if (making.make_v1()) require_unused(without_v2(hierarchy()), place.path);
  Confinement made;
  made.v1_tasks = making.join_v1();
  if (groups.own && groups.own->v2_too) made.v2_procs = making.join_v2().v2_procs;
  const cgroup::Node group = making.keep();
  has_cgroup_ = true;
  made.limits = limit(place, group, wished);
  if (tracing()) trace("made cgroup '" + place.path + "'");
  return made;
}

// A cgroup for the container alone; nothing where this process may make none, and none is required.
std::optional<cgroup::Node> Container::make_cgroup(const CgroupPlace& place) {
  if (place.path.empty()) return std::nullopt;
  // With every controller there is; from then on with those that the group got.
  if (place.is_delegated) hierarchy_ = cgroup::detect(cgroup::ControllerSet::delegated);
  try {
    auto group = cgroup::Node::create(hierarchy(), place.path, {},
                                      [&] { require_unused(hierarchy(), place.path); });
    if (place.is_delegated) hierarchy_.reset();
    return group;
  } catch (const Error& e) {
    if (!place.rootless || place.required || !is_denied(e)) throw;
    record_.cgroup.clear();
    return std::nullopt;
  }
}

LateLimits Container::limit(const CgroupPlace& place, const std::optional<cgroup::Node>& group,
                            const spec::Spec& spec) {
  const spec::Resources& wished = spec.linux_.resources;
  if (!group || place.occupied) refuse_resources(wished, place, group.has_value());
  if (!group) return {};
  const auto owner = owner_of_cgroup(spec);
  if (owner && hierarchy().v1.empty()) {
    cgroup::give_group(hierarchy(), place.path, *owner);
  }
  return limit(place, *group, wished);
}

LateLimits Container::limit(const CgroupPlace& place, const cgroup::Node& group,
                            const spec::Resources& wished) {
  cgroup::RealTime realtime{.runtime = wished.cpu_realtime_runtime.value_or(0)};
  if (wished.cpu_realtime_period) {
    realtime.period = static_cast<int64_t>(*wished.cpu_realtime_period);
  }
  cgroup::make_room_for_realtime(hierarchy(), place.tops, place.path, realtime);
  restrict_cgroup(hierarchy(), place, wished);
  return late_limits(hierarchy(), group, wished);
}

// Recorded before the container is in it: what a crash leaves can be found.
void Container::make_cache_group(const spec::Spec& spec, Undo& undo) {
  if (!spec.linux_.intel_rdt) return;
  undo.add([this] {
    if (record_.cache_group) undo_cache_group(*record_.cache_group);
  });
  record_.cache_group = runtime::make_cache_group(*spec.linux_.intel_rdt, record_.id);
  folder_.write(record_);
}

}  // namespace berth::runtime
