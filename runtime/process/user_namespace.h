// Which user namespace the container gets: the one it is given, the spec's, or, where it has no
// maps, one that maps the caller's own id.
#pragma once

#include <optional>

#include "runtime/process/id_map.h"
#include "runtime/process/user.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::process {

// The maps of the user namespace to be made; nothing where none is. Refuses a user whom the
// caller's own id cannot stand for. `privileged`: the caller has CAP_SYS_ADMIN.
std::optional<IdMaps> plan_id_maps(const spec::Spec& spec, bool makes_user, bool privileged,
                                   uid_t own_uid, gid_t own_gid);

// Whether this process was in the host's own, where root is root, when it was first asked: before
// it enters another.
bool in_initial_user_namespace();

// Into the one that a step's tasks share.
void join_user_namespace(int fd);
// Makes a user namespace and is in it.
void make_user_namespace_here(const IdMaps& maps);

// After it was joined or made: takes the ids that own what is made inside. This process then has
// every right over what it makes, and none over the host's.
void own_user_namespace(const spec::Spec& spec);

// Groups::keep where the user namespace or the annotation `run.oci.keep_original_groups` says so.
Groups groups_of(const spec::Spec& spec);

}  // namespace berth::runtime::process
