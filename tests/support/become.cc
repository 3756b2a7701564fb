#include "tests/support/become.h"

#include <grp.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"

namespace berth::test {

void become(uid_t id, const std::vector<gid_t>& groups) {
  if (id == 0) return;
  check(::setgroups(groups.size(), groups.data()), "setgroups");
  check(::setresgid(id, id, id), "setresgid");
  check(::setresuid(id, id, id), "setresuid");
  check(::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl");
}

}  // namespace berth::test
