// First of the namespaces: it gives the rights that all that follows needs.
#include "runtime/process/user_namespace.h"

#include <fmt/format.h>
#include <sched.h>

#include "base/error.h"

namespace berth::runtime::process {
namespace {

// Where no map is given the user inside is who he is outside, or 0: anything else would show files
// under a name that the shared file system does not know.
void require_own(const char* key, const char* mappings, uint32_t wanted, uint32_t own) {
  if (wanted == 0 || wanted == own) return;
  throw Error(
      fmt::format("{} {} is neither 0 nor yours ({}): the bundle needs linux.{}, and the "
                  "site ranges for you in /etc/subuid and /etc/subgid",
                  key, wanted, own, mappings));
}

}  // namespace

std::optional<IdMaps> plan_id_maps(const spec::Spec& spec, bool makes_user, bool privileged,
                                   uid_t own_uid, gid_t own_gid) {
  const spec::Linux& wanted = spec.linux_;
  if (!makes_user && privileged) return std::nullopt;
  if (!wanted.uid_mappings.empty() && !wanted.gid_mappings.empty()) {
    return IdMaps{wanted.uid_mappings, wanted.gid_mappings};
  }
  const spec::User& user = spec.process->user;
  require_own("process.user.uid", "uidMappings", user.uid, own_uid);
  require_own("process.user.gid", "gidMappings", user.gid, own_gid);
  return IdMaps{{{user.uid, own_uid, 1}}, {{user.gid, own_gid, 1}}};
}

bool in_initial_user_namespace() {
  static const bool initial = is_in_initial_user_namespace();
  return initial;
}

void join_user_namespace(int fd) {
  check(::setns(fd, CLONE_NEWUSER), "join the step's user namespace");
}

void make_user_namespace_here(const IdMaps& maps) {
  if (own_id_only(maps)) {
    check(::unshare(CLONE_NEWUSER), "make user namespace");
    write_own_maps(maps);
    return;
  }
  MapWriter writer(maps);
  check(::unshare(CLONE_NEWUSER), "make user namespace");
  writer.write();
}

void own_user_namespace(const spec::Spec& spec) {
  require_mapped(spec.process->user);
  become_owner(spec.process->user, groups_of(spec));
}

Groups groups_of(const spec::Spec& spec) {
  const auto kept = spec.annotations.find("run.oci.keep_original_groups");
  if (kept != spec.annotations.end() && kept->second == "1") return Groups::keep;
  return allowed_groups();
}

}  // namespace berth::runtime::process
