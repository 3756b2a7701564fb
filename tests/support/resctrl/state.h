// All that the kernel keeps of a mounted resctrl but its files. The functions of control.h,
// schemata.h, mode.h, cpus_file.h, tasks_file.h and monitoring.h work on it, those of model.h make
// files of them.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/resctrl/cpu_list.h"
#include "tests/support/resctrl/processor.h"
#include "tests/support/resctrl/profile.h"
#include "tests/support/resctrl/rmids.h"
#include "tests/support/resctrl/status.h"
#include "tests/support/resctrl/tasks.h"

namespace berth::test::resctrl {

// What mount(2) is asked for.
struct MountOptions {
  bool cdp = false, cdpl2 = false, mba_mbps = false, debug = false;
};

// Who calls.
struct Caller {
  pid_t tid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};

// What a read gives: 0 and the text, or an errno.
struct Text {
  int error = 0;
  std::string text;
};

enum class Mode { shareable, exclusive };

struct Group {
  std::string name;
  Group* parent = nullptr;  // of a monitoring group: its control group
  unsigned closid = 0, rmid = 0;
  Mode mode = Mode::shareable;
  Cpus cpus;
  std::vector<std::shared_ptr<Group>> children;  // monitoring groups
  std::string bandwidth_event = "mbm_local_bytes";

  bool monitors_only() const { return parent != nullptr; }
};

// A line of a schemata file.
struct Schema {
  std::string name;      // L3CODE
  std::string resource;  // L3
  const Cache* cache = nullptr;
  const Bandwidth* bandwidth = nullptr;
  bool software = false;  // MB in MB/s, by mba_MBps
  unsigned closids = 0;
  Schema* peer = nullptr;                     // the other half of the cache, with CDP
  std::vector<std::vector<uint32_t>> values;  // of a domain, of a CLOSID
  std::vector<uint32_t> locked;               // of a domain: bits of pseudo-locked regions

  const std::vector<Domain>& domains() const { return cache ? cache->domains : bandwidth->domains; }
  uint32_t unlimited() const;
};

// A figure of mon_data that somebody asks for.
struct Question {
  unsigned rmid = 0, closid = 0;
  unsigned domain = 0;           // its id
  std::optional<unsigned> node;  // of sub-NUMA clusters
  std::string event;
};
// Nothing: `Unavailable`.
using Figures = std::function<std::optional<uint64_t>(const Question&)>;

struct State {
  Profile profile;
  Processor processor;
  MountOptions options;
  Status status;
  std::vector<std::unique_ptr<Schema>> schemas;  // in the order of a schemata file
  size_t name_width = 0, value_width = 0;
  std::shared_ptr<Group> root;
  std::vector<std::shared_ptr<Group>> groups;  // control groups, `root` too
  std::vector<bool> closids;                   // which are taken
  std::optional<Rmids> rmids;
  std::shared_ptr<TaskTable> tasks;
  Cpus online;
  uint64_t threshold = 0;  // max_threshold_occupancy
  Figures figures;
  std::map<unsigned, unsigned> last_closid;  // of an RMID
  std::function<std::chrono::milliseconds()> now;

  // Throws Error with EINVAL where the options cannot be had.
  State(Profile version, Processor hardware, MountOptions mount);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  Schema* schema(const std::string& name) const;
};

}  // namespace berth::test::resctrl
