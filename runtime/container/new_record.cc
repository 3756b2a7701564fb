#include "runtime/container/new_record.h"

#include <limits.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>

#include "base/error.h"
#include "runtime/process/capabilities.h"

namespace berth::runtime {
namespace {

std::string now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  tm parts{};
  ::gmtime_r(&time.tv_sec, &parts);
  char text[64];
  const size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%09ldZ", time.tv_nsec);
  return std::string(text, size) + fraction;
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
