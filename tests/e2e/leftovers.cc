#include "tests/e2e/leftovers.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "launcher/claims.h"

namespace berth::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCgroups = "/sys/fs/cgroup";
constexpr const char* kResctrl = "/sys/fs/resctrl";
constexpr const char* kGroupPrefix = "berth_";

using Names = std::set<std::string>;

Names names_in(const fs::path& folder) {
  Names names;
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.is_directory(ignored)) names.insert(entry.path().filename().string());
  }
  return names;
}

void add_claims(const Names& alive, std::vector<std::string>& found) {
  const auto claims = launcher::Claims::open_if_exists();
  if (!claims) return;
  for (const std::string& claim : claims->all()) {
    if (!alive.contains(claim)) found.push_back("claim " + claim);
  }
}

// In a tree of cgroups: what is berth's there, other tests' containers excepted.
void add_cgroups(const fs::path& tree, const Names& alive, const std::string& container,
                 std::vector<std::string>& found) {
  std::error_code ignored;
  if (!fs::exists(tree / "berth", ignored)) return;
  const Names groups = names_in(tree / "berth");
  if (groups.empty()) found.push_back("cgroup " + (tree / "berth").string());
  for (const std::string& group : groups) {
    const bool is_claims = group.starts_with("job_") || group.starts_with("launch_");
    const bool anothers = !is_claims && group != container;
    if (!anothers && !alive.contains(group))
      found.push_back("cgroup " + (tree / "berth" / group).string());
  }
}

void add_cache_groups(const Names& alive, std::vector<std::string>& found) {
  for (const std::string& group : names_in(kResctrl)) {
    if (!group.starts_with(kGroupPrefix)) continue;
    if (!alive.contains(group.substr(std::string(kGroupPrefix).size()))) {
      found.push_back("cache group " + group);
    }
  }
}

void add_mounts(std::vector<std::string>& found) {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    if (line.find(" /run/berth") != std::string::npos) found.push_back("mount " + line);
  }
}

void add_processes(const std::string& mark, std::vector<std::string>& found) {
  for (const std::string& pid : names_in("/proc")) {
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ostringstream said;  // nothing of a process that ends meanwhile
    said << std::ifstream("/proc/" + pid + "/cmdline").rdbuf();
    std::string words = said.str();
    std::ranges::replace(words, '\0', ' ');
    if (words.find(mark) != std::string::npos) found.push_back("process " + pid + ": " + words);
  }
}

std::vector<std::string> look(const std::string& mark) {
  std::vector<std::string> found;
  Names alive;
  if (const auto claims = launcher::Claims::open_if_exists()) {
    for (const std::string& claim : claims->alive()) alive.insert(claim);
  }
  const std::string container = "container_" + fs::path(mark).filename().string();
  add_claims(alive, found);
  add_cgroups(kCgroups, alive, container, found);
  for (const std::string& tree : names_in(kCgroups)) {
    add_cgroups(fs::path(kCgroups) / tree, alive, container, found);
  }
  add_cache_groups(alive, found);
  add_mounts(found);
  add_processes(mark, found);
  return found;
}

}  // namespace

std::vector<std::string> leftovers(const std::string& mark, std::chrono::seconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  std::vector<std::string> found = look(mark);
  while (!found.empty() && std::chrono::steady_clock::now() < end) {
    ::usleep(100'000);
    found = look(mark);
  }
  return found;
}

std::string default_schemata() {
  return read_file_if_exists(AT_FDCWD, std::string(kResctrl) + "/schemata").value_or("");
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

}  // namespace berth::test
