#include "launcher/claims.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/process_identity.h"

namespace berth::launcher {
namespace {

std::optional<Use> parse_use(const std::string& name, const std::string& text) {
  std::istringstream in(text);
  Use use{name, {}, {}};
  if (!(in >> use.holder.pid >> use.holder.start_time)) return std::nullopt;
  in >> use.cpus;
  return use;
}

std::vector<Use> uses_in(int claim_dir) {
  std::vector<Use> uses;
  for (const std::string& name : list_dir(claim_dir)) {
    const auto text = read_file_if_exists(claim_dir, name);
    if (auto use = text ? parse_use(name, *text) : std::nullopt) uses.push_back(std::move(*use));
  }
  return uses;
}

bool any_alive(const std::vector<Use>& uses) {
  return std::ranges::any_of(uses, [](const Use& use) { return use.holder.alive(); });
}

void check_name(const std::string& name) {
  if (name.empty() || name.starts_with('.') || name.find('/') != std::string::npos) {
    throw Error("refuse claim name '" + name + "'");
  }
}

}  // namespace

Holder Holder::of(pid_t pid) {
  return {pid, start_time_of(pid).value_or(0)};
}

Holder Holder::self() {
  return of(::getpid());
}

bool Holder::alive() const {
  return pid > 0 && start_time_of(pid) == start_time;
}

Claims Claims::open(const std::string& path) {
  make_dir(AT_FDCWD, path, 0755);
  Claims claims(open_dir(AT_FDCWD, path));
  make_dir(claims.dir_.get(), "claims", 0755);
  return claims;
}

std::optional<Claims> Claims::open_if_exists(const std::string& path) {
  auto dir = open_dir_if_exists(AT_FDCWD, path);
  if (!dir) return std::nullopt;
  if (!open_dir_if_exists(dir->get(), "claims")) return std::nullopt;
  return Claims(std::move(*dir));
}

Claims::Lock Claims::lock() const {
  UniqueFd fd = open_file(dir_.get(), "lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  int rc = 0;
  do {
    rc = ::flock(fd.get(), LOCK_EX);
  } while (rc < 0 && errno == EINTR);
  check(rc, "lock", "claims");
  return Lock(std::move(fd));
}

void Claims::add_use(const std::string& claim, const Use& use) const {
  check_name(claim);
  check_name(use.name);
  make_dir(dir_.get(), "claims/" + claim, 0755);
  const UniqueFd dir = open_dir(dir_.get(), "claims/" + claim);
  replace_file(dir.get(), use.name,
               std::to_string(use.holder.pid) + " " + std::to_string(use.holder.start_time) + " " +
                   use.cpus + "\n",
               0644, /*through_a_crash=*/false);
}

bool Claims::drop_use(const std::string& claim, const std::string& use) const {
  check_name(claim);
  const auto dir = open_dir_if_exists(dir_.get(), "claims/" + claim);
  if (!dir) return true;
  if (::unlinkat(dir->get(), use.c_str(), 0) < 0 && errno != ENOENT) {
    throw Error("forget use", claim + "/" + use, errno);
  }
  // Uses of holders that died without a word do not keep a claim.
  if (any_alive(uses_in(dir->get()))) return false;
  forget(claim);
  return true;
}

void Claims::forget(const std::string& claim) const {
  check_name(claim);
  const auto dir = open_dir_if_exists(dir_.get(), "claims/" + claim);
  if (!dir) return;
  for (const std::string& use : list_dir(dir->get())) ::unlinkat(dir->get(), use.c_str(), 0);
  check(::unlinkat(dir_.get(), ("claims/" + claim).c_str(), AT_REMOVEDIR), "forget claim", claim);
}

std::vector<std::string> Claims::all() const {
  const auto dir = open_dir_if_exists(dir_.get(), "claims");
  return dir ? list_dir(dir->get()) : std::vector<std::string>{};
}

std::vector<Use> Claims::uses(const std::string& claim) const {
  const auto dir = open_dir_if_exists(dir_.get(), "claims/" + claim);
  return dir ? uses_in(dir->get()) : std::vector<Use>{};
}

std::vector<std::string> Claims::alive() const {
  std::vector<std::string> names;
  for (const std::string& claim : all()) {
    if (any_alive(uses(claim))) names.push_back(claim);
  }
  return names;
}

}  // namespace berth::launcher
