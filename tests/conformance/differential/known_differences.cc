#include "tests/conformance/differential/known_differences.h"

#include <regex>

namespace berth::test {
namespace {

// Not always what is a matter of time, or of a host with cgroup v1.
enum class Seen { always, sometimes };

struct Known {
  std::string cases;  // a regular expression, of whole names
  std::string line;   // the same, of whole lines
  std::string why;
  Seen seen = Seen::always;
};

const std::string kAll = ".*";

// How berth mounts.
const std::vector<Known> kMounts{
    {kAll, "(berth|runc) mountinfo: / /sys ro,.* - sysfs sysfs r[wo]",
     "read-only is of the mount, which is new, and not of the file system, which may be the "
     "host's"},
    {kAll, "(berth|runc) access: /sys/kernel/profiling read=text write=.*",
     "the same: the kernel looks at a mount after it has looked at a file's mode"},
    {kAll, "(berth|runc) mountinfo: / /sys/fs/cgroup .* - tmpfs (cgroup|tmpfs) .*",
     "read-only and from the source that the configuration says; runc leaves the tmpfs writable",
     Seen::sometimes},
    {kAll, "berth mountinfo: \\S+ /sys/fs/cgroup/unified .*",
     "a hybrid host's v2 is shown beside v1: there are no limits in it", Seen::sometimes},
    {kAll, "(berth|runc) mountinfo: / /(proc|sys)/\\w+ ro,.* - tmpfs tmpfs .*",
     "one file system serves all masked folders, and nothing in it can be executed"},
    {kAll, "(berth|runc) mountinfo: /null \\S+ r[wo],.* - (devtmpfs devtmpfs|tmpfs tmpfs) .*",
     "the host's null device, read-only, hides a file: the container's may be another thing"},
    {kAll, "(berth|runc) mountinfo: /(full|random|tty|urandom|zero) /dev/\\w+ rw,.* - devtmpfs .*",
     "the host's devices in a user namespace: nothing can be executed there", Seen::sometimes},
    {kAll, "(berth|runc) tree: /dev/mqueue folder 1777 0:(0|65534)",
     "runc's file system has a group that its user namespace does not map"},
    {"plain user", "(berth|runc) mountinfo: / /sys/fs/cgroup(/\\w+)? r[wo],relatime - .*",
     "a read-only /sys does not leave the cgroups below it writable", Seen::sometimes},
    {"shared root", "(berth|runc) mountinfo: BUNDLE/rootfs / .*",
     "rootfsPropagation is the root mount's own; runc 1.1 has set it before the pivot alone"},
    {"afterwards", "(berth|runc) left: /etc/new/file 100(644|755) 0:0",
     "runc makes the file that a bind mount covers with the right to execute it"},
};

// Cgroups.
const std::vector<Known> kCgroups{
    {"(exec in a )?cgroup namespace",
     "(berth|runc) mountinfo: / /sys/fs/cgroup/systemd .* - cgroup (cgroup|systemd) .*",
     "runc gives the mount of a hierarchy without controllers another source", Seen::sometimes},
    {"no cgroup path", "(berth|runc) cgroup: \\d+:\\S*:/.*",
     "without linux.cgroupsPath the place is the runtime's to choose", Seen::sometimes},
    {"no cgroup path", "(berth|runc) mountinfo: /\\S+ /sys/fs/cgroup/.*", "the same",
     Seen::sometimes},
};

// Processes.
const std::vector<Known> kProcesses{
    {kAll, "berth descriptors: 0 file flags=0x2 -> /memfd:input \\(deleted\\)",
     "the caller's own descriptors are the program's; runc copies through pipes while it waits"},
    {kAll, "runc descriptors: 0 pipe flags=0", "the same"},
    {".*terminal", "(berth terminal: iflag=02400 oflag=01|runc terminal: iflag=02400 oflag=05) .*",
     "runc has the terminal outside write the carriage returns once the program runs already",
     Seen::sometimes},
    {".*terminal", "(berth|runc) terminal: size (0x0|33x99|44x55) name .*",
     "the outer terminal's size comes once the program runs, and runc sets it late",
     Seen::sometimes},
    {"rlimits|exec with limits", "berth limits: Max open files +100 +200 +files *",
     "Go raises this limit of its own process, and at times the program of runc 1.1 has that",
     Seen::sometimes},
    {"rlimits|exec with limits", "runc limits: Max open files +200 +200 +files *", "the same",
     Seen::sometimes},
    {"exec.*", "(berth|runc) process: pdeathsig=[09] .*",
     "a program that berth shows to its caller ends with berth"},
    {"exec by the user's own settings", "(berth|runc) status: Umask:\\s+00(22|27)",
     "user.umask holds for exec as well, as since runc 1.2"},
    {"process", "(berth|runc) environment: .*",
     "of a variable that is there twice the last is kept, in its place, as since runc 1.3"},
    {"(exec in a user|user|user in a user) namespace|plain user",
     "(berth|runc) process: (keyring .*|another keyring|the container's keyring)",
     "exec finds the keyring here too; runc 1.1 makes it searchable for others, and makes another"},
};

const std::vector<Known>& table() {
  static const auto all = [] {
    std::vector<Known> known;
    for (const auto* part : {&kMounts, &kCgroups, &kProcesses}) {
      known.insert(known.end(), part->begin(), part->end());
    }
    return known;
  }();
  return all;
}

}  // namespace

bool KnownDifferences::explain(const std::string& view_case, const std::string& line) {
  for (size_t i = 0; i < table().size(); ++i) {
    const Known& known = table()[i];
    if (std::regex_match(view_case, std::regex(known.cases)) &&
        std::regex_match(line, std::regex(known.line))) {
      used_.insert(i);
      return true;
    }
  }
  return false;
}

std::vector<std::string> KnownDifferences::unused() const {
  std::vector<std::string> left;
  for (size_t i = 0; i < table().size(); ++i) {
    if (table()[i].seen == Seen::always && !used_.contains(i))
      left.push_back(table()[i].line + " (" + table()[i].why + ")");
  }
  return left;
}

}  // namespace berth::test
