// Who the program is: groups, gid, uid, umask.
#pragma once

#include "runtime/spec/spec.h"

namespace berth::runtime::process {

enum class Groups {
  replace,  // process.user.additionalGids take their place
  keep,     // the job's own stay: a user namespace of one id denies setgroups(2), and access to
            // shared file systems hangs on them
};

// Whether this process is now in the host's own, where root is root (linux/proc_ns.h).
bool is_in_initial_user_namespace();
// What this process' user namespace allows (/proc/self/setgroups).
Groups allowed_groups();

// Takes uid, gid and groups for good (real, effective, saved). Where an id is not mapped in this
// process' user namespace, says which are.
void become(const spec::User& user, Groups groups);

// Takes the ids that own what the set-up creates: 0 where it is mapped, else the user's. An
// unmapped id, which is what a process is left with in a namespace of ranges, can create nothing.
void become_owner(const spec::User& user, Groups groups);

// Throws a line that names the ids there are where the user's are not mapped here.
void require_mapped(const spec::User& user);

}  // namespace berth::runtime::process
