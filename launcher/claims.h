// Who holds something of this node. A claim (`job_12`, `launch_4711`) stands for a resctrl group
// and a cgroup tree of that name; it lives as long as one of its uses (a step of the job, the
// launch itself) does. Kept under the state directory (/run/berth/claims), which a reboot clears
// together with what it describes.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"

namespace berth::launcher {

// A process that cannot be mistaken for a later one with the same pid.
struct Holder {
  pid_t pid = 0;
  unsigned long long start_time = 0;  // proc(5) stat field 22, clock ticks since boot
  static Holder of(pid_t pid);
  static Holder self();
  bool alive() const;
  bool operator==(const Holder&) const = default;
};

inline constexpr const char* kStateDir = "/run/berth";

// One use of a claim: its name (`0_node_0`, `launch`), who holds it and on which CPUs (list
// format).
struct Use {
  std::string name;
  Holder holder;
  std::string cpus;
  bool operator==(const Use&) const = default;
};

class Claims {
 public:
  // Makes `path` (0755) where it is not there.
  static Claims open(const std::string& path = kStateDir);
  // Nothing where it is not there.
  static std::optional<Claims> open_if_exists(const std::string& path = kStateDir);

  int state_dir() const { return dir_.get(); }

  // All of what follows happens under this lock, and whatever is made or removed because of it too.
  class Lock {
    friend class Claims;
    explicit Lock(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
  };
  [[nodiscard]] Lock lock() const;

  void add_use(const std::string& claim, const Use& use) const;
  // Forgets the use; true where the claim has none left (it is forgotten too).
  bool drop_use(const std::string& claim, const std::string& use) const;
  void forget(const std::string& claim) const;
  std::vector<std::string> all() const;
  std::vector<Use> uses(const std::string& claim) const;
  // Claims of which at least one use's holder is alive.
  std::vector<std::string> alive() const;

 private:
  explicit Claims(UniqueFd dir) : dir_(std::move(dir)) {}
  UniqueFd dir_;
};

}  // namespace berth::launcher
