#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "launcher/doctor/facts.h"
#include "launcher/node_facts.h"
#include "rdt/journal.h"
#include "rdt/ledger.h"
#include "rdt/observe.h"

namespace berth::launcher {
namespace {

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

unsigned number_of(const std::string& text) {
  unsigned number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

class Gatherer {
 public:
  Gatherer(const topology::Machine& machine, const rdt::Resctrl* resctrl,
           const DoctorPlaces& places)
      : machine_(machine), resctrl_(resctrl), places_(places), facts_(machine) {}

  DoctorFacts run() {
    facts_.root = ::geteuid() == 0;
    look("cpuinfo", [&] { facts_.cpu = parse_cpuinfo(proc("cpuinfo")); });
    look("filesystems", [&] { facts_.kernel_has_resctrl = names_resctrl(proc("filesystems")); });
    look("cmdline", [&] { facts_.kernel_arguments = trimmed(proc("cmdline")); });
    look("mountinfo", [&] { facts_.mounts = parse_mounts(proc("self/mountinfo")); });
    look("fstab", [&] {
      const auto fstab = read_file_if_exists(AT_FDCWD, places_.fstab);
      facts_.in_fstab = fstab && mounts_resctrl(*fstab);
    });
    look("the state directory", [&] { look_at_state_dir(); });
    look("resctrl", [&] { look_at_resctrl(); });
    look_at_policy();
    return std::move(facts_);
  }

 private:
  void look(const char* what, const std::function<void()>& read) {
    try {
      read();
    } catch (const Error& e) {
      facts_.unread.push_back(std::string(what) + ": " + e.message());
    }
  }

  std::string proc(const char* name) const {
    return read_file(AT_FDCWD, places_.proc + "/" + name, size_t{64} << 20);
  }

  static bool names_resctrl(const std::string& filesystems) {
    std::istringstream words(filesystems);
    for (std::string word; words >> word;) {
      if (word == "resctrl") return true;
    }
    return false;
  }

  static bool mounts_resctrl(const std::string& fstab) {
    std::istringstream lines(fstab);
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string source, place, type;
      if (words >> source >> place >> type && source[0] != '#' && type == "resctrl") return true;
    }
    return false;
  }

  void look_at_state_dir() {
    struct stat status {};
    if (::lstat(places_.state_dir.c_str(), &status) < 0) {
      if (errno != ENOENT) throw Error("stat", places_.state_dir, errno);
      return;
    }
    facts_.state_dir = StateDirFacts{status.st_uid, status.st_mode};
  }

  std::optional<rdt::Resctrl::Lock> lock() {
    try {
      return resctrl_->lock(std::chrono::seconds(2));
    } catch (const Error& e) {
      if (e.code() != EWOULDBLOCK) throw;
      facts_.lock_held = true;
      return std::nullopt;
    }
  }

  void look_at_resctrl() {
    const auto opened = Claims::open_if_exists(places_.state_dir);
    const Claims* claims = opened ? &*opened : nullptr;
    if (resctrl_ == nullptr) {
      facts_.node.claims = node_facts(machine_, claims, nullptr).claims;
      return;
    }
    const auto held = lock();
    take_over(without_ledger_if_damaged(claims));
    if (claims != nullptr) facts_.journal = has_journal(claims->state_dir());
    for (const rdt::Foreign& group : facts_.node.kernel.foreign) look_at_mode(group.name);
    facts_.rmids_used = rdt::rmids_in_use(*resctrl_);
    facts_.sub_numa = has_sub_numa();
  }

  NodeFacts without_ledger_if_damaged(const Claims* claims) {
    try {
      return node_facts(machine_, claims, resctrl_);
    } catch (const Error& e) {
      // Without a ledger the rest can still be looked at, if it is not the rest that fails.
      NodeFacts rest = node_facts(machine_, nullptr, resctrl_);
      facts_.ledger_error = e.message();
      return rest;
    }
  }

  void take_over(NodeFacts&& node) {
    facts_.node.capability = std::move(node.capability);
    facts_.node.layout = std::move(node.layout);
    facts_.node.kernel = std::move(node.kernel);
    facts_.node.claims = std::move(node.claims);
  }

  static bool has_journal(int state_dir) {
    return ::faccessat(state_dir, rdt::Journal::kFile, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  }

  void look_at_mode(const std::string& name) {
    try {
      const auto group = resctrl_->find(name);
      if (group) facts_.modes[name] = group->mode();
    } catch (const Error& e) {
      if (e.code() != ENOENT && e.code() != ENODEV) throw;  // no such file before Linux 4.19
    }
  }

  bool has_sub_numa() const {
    const auto data = open_dir_if_exists(resctrl_->root(), "mon_data");
    if (!data) return false;
    for (const std::string& name : list_subdirectories(data->get())) {
      const auto domain = open_dir_if_exists(data->get(), name);
      if (domain && !list_subdirectories(domain->get()).empty()) return true;
    }
    return false;
  }

  void look_at_policy() {
    try {
      facts_.policy = load_policy(places_.policy, /*required=*/false);
    } catch (const Error& e) {
      if (e.code() == EACCES) {
        facts_.unread.push_back("the policy: " + e.message());
      } else {
        facts_.policy_error = e.message();
      }
    }
  }

  const topology::Machine& machine_;
  const rdt::Resctrl* resctrl_;
  const DoctorPlaces& places_;
  DoctorFacts facts_;
};

}  // namespace

CpuFacts parse_cpuinfo(const std::string& text) {
  CpuFacts cpu;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line) && !trimmed(line).empty();) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string key = trimmed(line.substr(0, colon));
    const std::string value = trimmed(line.substr(colon + 1));
    if (key == "vendor_id") cpu.vendor = value;
    if (key == "model name") cpu.name = value;
    if (key == "cpu family") cpu.family = number_of(value);
    if (key == "model") cpu.model = number_of(value);
    if (key != "flags" && key != "Features") continue;
    std::istringstream words(value);
    for (std::string word; words >> word;) cpu.flags.insert(word);
  }
  return cpu;
}

// Fields: proc(5), /proc/PID/mountinfo.
std::vector<MountFacts> parse_mounts(const std::string& mountinfo) {
  std::vector<MountFacts> mounts;
  std::istringstream lines(mountinfo);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word, point, type, source, options;
    for (int field = 1; field <= 5; ++field) words >> point;
    while (words >> word && word != "-") continue;
    if (words >> type >> source >> options && type == "resctrl") mounts.push_back({point, options});
  }
  return mounts;
}

DoctorFacts gather(const topology::Machine& machine, const rdt::Resctrl* resctrl,
                   const DoctorPlaces& places) {
  return Gatherer(machine, resctrl, places).run();
}

}  // namespace berth::launcher
