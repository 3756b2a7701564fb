// A child of a test as another user.
#pragma once

#include <sys/types.h>

#include <vector>

namespace berth::test {

inline constexpr uid_t kNobody = 65534;

// This process becomes that user with the group of the same number, as a launcher that the user
// executed would be: its files in /proc are the user's. Nothing where `id` is 0.
void become(uid_t id, const std::vector<gid_t>& groups = {});

}  // namespace berth::test
