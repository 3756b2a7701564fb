#include "runtime/container/new_record.h"

#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>

#include "base/error.h"
#include "runtime/process/capabilities.h"

namespace berth::runtime {
namespace {

// In UTC. Not by strftime(3), which reads the time zone's file first.
std::string now() {
  using namespace std::chrono;
  const auto time = time_point_cast<nanoseconds>(system_clock::now());
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss<nanoseconds> clock(time - day);
  char text[64];
  const int size = std::snprintf(
      text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%09dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {text, static_cast<size_t>(size)};
}

std::string real_path(const std::string& path) {
  char buffer[PATH_MAX];
  if (::realpath(path.c_str(), buffer) == nullptr) throw Error("find", path, errno);
  return buffer;
}

OwnNamespaces own_namespaces(const spec::Spec& spec) {
  using spec::NamespaceType;
  const auto is_made = [&](NamespaceType type) {
    const spec::Namespace* const ns = spec.find_namespace(type);
    return ns != nullptr && ns->path.empty();
  };
  // Who has no rights gets a user namespace, asked for or not.
  const bool implied =
      spec.find_namespace(NamespaceType::user) == nullptr && !process::has_sys_admin();
  return {.pid = is_made(NamespaceType::pid),
          .mount = is_made(NamespaceType::mount),
          .user = implied || is_made(NamespaceType::user)};
}

}  // namespace

Record new_record(const CreateRequest& request, const spec::Spec& spec, const CgroupPlace& place) {
  Record record;
  record.id = request.id;
  record.oci_version = spec.oci_version;
  record.bundle = real_path(request.bundle);
  const std::string root = spec.root ? spec.root->path : "";
  record.rootfs = root.starts_with('/') ? root : record.bundle + "/" + root;
  record.created = now();
  record.owner = ::geteuid();
  record.own = own_namespaces(spec);
  record.annotations = spec.annotations;
  record.new_keyring = request.new_keyring;
  record.late_hooks = !spec.hooks.poststart.empty() || !spec.hooks.poststop.empty();
  record.cgroup = place.path;
  record.cgroup_tops = place.tops;
  record.delegated = place.is_delegated;
  return record;
}

}  // namespace berth::runtime
