// It stands after the pivot, when nothing needs another identity any more, and before the working
// directory and the program are looked up, so that these are found with the user's own rights.
#include "runtime/process/user.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "runtime/process/id_map.h"

namespace berth::runtime::process {
namespace {

void require(const char* key, uint32_t id, const std::vector<spec::IdMapping>& map) {
  if (maps(map, id)) return;
  throw Error(fmt::format("{} {} is not mapped in the user namespace, which has {}", key, id,
                          describe(map)));
}

void take(uid_t uid, gid_t gid) {
  check(::setresgid(gid, gid, gid), "setresgid", std::to_string(gid));
  check(::setresuid(uid, uid, uid), "setresuid", std::to_string(uid));
}

}  // namespace

bool is_in_initial_user_namespace() {
  constexpr ino_t kInitial = 0xEFFFFFFDU;  // PROC_USER_INIT_INO
  struct stat own {};
  if (::stat("/proc/self/ns/user", &own) == 0) return own.st_ino == kInitial;
  if (errno != ENOENT) throw Error("stat", "/proc/self/ns/user", errno);
  return true;  // a kernel without user namespaces
}

Groups allowed_groups() {
  if (is_in_initial_user_namespace()) return Groups::replace;
  const auto text = read_file_if_exists(AT_FDCWD, "/proc/self/setgroups");
  return text && text->starts_with("deny") ? Groups::keep : Groups::replace;
}

void require_mapped(const spec::User& user) {
  require("process.user.uid", user.uid, read_own_map("uid_map"));
  require("process.user.gid", user.gid, read_own_map("gid_map"));
}

void become_owner(const spec::User& user, Groups groups) {
  const gid_t gid = maps(read_own_map("gid_map"), 0) ? 0 : user.gid;
  const uid_t uid = maps(read_own_map("uid_map"), 0) ? 0 : user.uid;
  if (groups == Groups::replace) check(::setgroups(0, nullptr), "setgroups");
  take(uid, gid);
}

void become(const spec::User& user, Groups groups) {
  if (groups == Groups::replace) {
    const std::vector<gid_t> list(user.additional_gids.begin(), user.additional_gids.end());
    check(::setgroups(list.size(), list.data()), "set process.user.additionalGids");
  }
  take(user.uid, user.gid);
  ::umask(user.umask.value_or(022));
}

}  // namespace berth::runtime::process
