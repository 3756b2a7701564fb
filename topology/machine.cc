#include "topology/machine.h"

#include <fcntl.h>
#include <hwloc.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace berth::topology {

namespace {

// Takes HWLOC_* out of the environment while hwloc looks, and puts them back: they can swap the
// machine for another (HWLOC_XMLFILE, HWLOC_SYNTHETIC, HWLOC_FSROOT), declare that one real
// (HWLOC_THISSYSTEM) and load code (HWLOC_PLUGINS_PATH). Writes nothing where there are none, which
// is the rule inside slurmstepd, where other threads may be reading the environment.
class WithoutHwlocVariables {
 public:
  WithoutHwlocVariables() {
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
      const std::string_view text = *entry;
      const size_t equals = text.find('=');
      if (!text.starts_with("HWLOC_") || equals == std::string_view::npos) continue;
      hidden_.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    for (const auto& [name, value] : hidden_) ::unsetenv(name.c_str());
  }
  ~WithoutHwlocVariables() {
    for (const auto& [name, value] : hidden_) ::setenv(name.c_str(), value.c_str(), 1);
  }
  WithoutHwlocVariables(const WithoutHwlocVariables&) = delete;
  WithoutHwlocVariables& operator=(const WithoutHwlocVariables&) = delete;

 private:
  std::vector<std::pair<std::string, std::string>> hidden_;
};

using Topology = std::unique_ptr<hwloc_topology, decltype(&hwloc_topology_destroy)>;

Topology new_topology() {
  // hwloc 1 and 3 have other structures than the one this was compiled against.
  if (hwloc_get_api_version() >> 16 != HWLOC_API_VERSION >> 16) {
    throw Error("hwloc's library and headers have different major versions");
  }
  hwloc_topology_t raw = nullptr;
  check(hwloc_topology_init(&raw), "hwloc_topology_init");
  Topology topology(raw, &hwloc_topology_destroy);
  // The caller may itself be confined to a few CPUs; the caches of the others matter all the same.
  check(hwloc_topology_set_flags(raw, HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED),
        "hwloc_topology_set_flags");
  check(hwloc_topology_set_cache_types_filter(raw, HWLOC_TYPE_FILTER_KEEP_ALL),
        "hwloc_topology_set_cache_types_filter");
  // Linux's own word is enough: the x86 component would visit every CPU to run cpuid there.
  check(hwloc_topology_set_components(raw, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86"),
        "hwloc_topology_set_components");
  return topology;
}

CpuSet cpus_of(hwloc_const_bitmap_t bitmap) {
  CpuSet set;
  for (int i = hwloc_bitmap_first(bitmap); i >= 0; i = hwloc_bitmap_next(bitmap, i)) {
    set.insert(static_cast<unsigned>(i));
  }
  return set;
}

unsigned package_of(hwloc_topology_t topology, hwloc_obj_t object) {
  const hwloc_obj_t package = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_PACKAGE, object);
  return package == nullptr || package->os_index == HWLOC_UNKNOWN_INDEX ? 0 : package->os_index;
}

// What the kernel itself calls the cache of that level of a CPU, for an hwloc that did not find it
// out. The level's directory is not always of its number: an L1 has two.
std::optional<unsigned> sysfs_cache_id(unsigned cpu, unsigned level) {
  const std::string wanted = std::to_string(level) + "\n";
  for (unsigned index = 0; index < 8; ++index) {
    const std::string directory = "/sys/devices/system/cpu/cpu" + std::to_string(cpu) +
                                  "/cache/index" + std::to_string(index) + "/";
    const auto found = read_file_if_exists(AT_FDCWD, directory + "level");
    if (!found) return std::nullopt;
    if (*found != wanted) continue;
    const auto text = read_file_if_exists(AT_FDCWD, directory + "id");
    unsigned id = 0;
    if (!text || std::from_chars(text->data(), text->data() + text->size(), id).ec != std::errc()) {
      return std::nullopt;
    }
    return id;
  }
  return std::nullopt;
}

}  // namespace

// Turns a loaded hwloc topology into our value.
class MachineBuilder {
 public:
  static Machine build(hwloc_topology_t topology, bool this_system) {
    Machine machine;
    machine.this_system_ = this_system;
    machine.cpus_ = cpus_of(hwloc_topology_get_topology_cpuset(topology));
    add_caches(topology, machine);
    add_cores(topology, machine);
    add_numa_nodes(topology, machine);
    return machine;
  }

 private:
  static std::optional<unsigned> id_of(hwloc_obj_t cache, const CpuSet& cpus, unsigned level,
                                       bool this_system) {
    if (cache->os_index != HWLOC_UNKNOWN_INDEX) return cache->os_index;
    if (!this_system || cpus.empty()) return std::nullopt;
    return sysfs_cache_id(cpus.cpus().front(), level);
  }

  static void add_caches(hwloc_topology_t topology, Machine& machine) {
    hwloc_obj_t object = nullptr;
    while ((object = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_L3CACHE, object)) != nullptr) {
      const CpuSet cpus = cpus_of(object->cpuset);
      machine.l3_.push_back({id_of(object, cpus, 3, machine.this_system_),
                             package_of(topology, object), cpus, object->attr->cache.size});
    }
    while ((object = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_L2CACHE, object)) != nullptr) {
      const CpuSet cpus = cpus_of(object->cpuset);
      machine.l2_.push_back(
          {id_of(object, cpus, 2, machine.this_system_), cpus, object->attr->cache.size});
    }
  }

  static void add_cores(hwloc_topology_t topology, Machine& machine) {
    // Some virtual machines describe no cores; then each PU counts as one, as it does in Slurm.
    const bool cores = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE) > 0;
    const hwloc_obj_type_t type = cores ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
    hwloc_obj_t object = nullptr;
    while ((object = hwloc_get_next_obj_by_type(topology, type, object)) != nullptr) {
      machine.cores_.push_back({package_of(topology, object), cpus_of(object->cpuset)});
    }
  }

  static void add_numa_nodes(hwloc_topology_t topology, Machine& machine) {
    hwloc_obj_t object = nullptr;
    while ((object = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_NUMANODE, object)) != nullptr) {
      machine.numa_.push_back({object->os_index, cpus_of(object->cpuset)});
    }
  }
};

Machine Machine::load() {
  const WithoutHwlocVariables scope;
  const Topology topology = new_topology();
  check(hwloc_topology_load(topology.get()), "look at this machine with hwloc");
  return MachineBuilder::build(topology.get(), hwloc_topology_is_thissystem(topology.get()) != 0);
}

Machine Machine::from_xml(const std::string& path) {
  const WithoutHwlocVariables scope;
  const Topology topology = new_topology();
  check(hwloc_topology_set_xml(topology.get(), path.c_str()), "read hwloc XML", path);
  check(hwloc_topology_load(topology.get()), "read hwloc XML", path);
  return MachineBuilder::build(topology.get(), false);
}

namespace {

Topology load_synthetic(const std::string& description) {
  const WithoutHwlocVariables scope;
  Topology topology = new_topology();
  check(hwloc_topology_set_synthetic(topology.get(), description.c_str()), "read synthetic machine",
        description);
  check(hwloc_topology_load(topology.get()), "read synthetic machine", description);
  return topology;
}

}  // namespace

Machine Machine::synthetic(const std::string& description) {
  return MachineBuilder::build(load_synthetic(description).get(), false);
}

Machine Machine::remembered(std::vector<L3Domain> l3, std::vector<L2Domain> l2,
                            std::vector<Core> cores, std::vector<NumaNode> numa_nodes,
                            CpuSet cpus) {
  Machine machine;
  machine.l3_ = std::move(l3);
  machine.l2_ = std::move(l2);
  machine.cores_ = std::move(cores);
  machine.numa_ = std::move(numa_nodes);
  machine.cpus_ = std::move(cpus);
  machine.this_system_ = true;
  return machine;
}

std::string xml_of_synthetic(const std::string& description) {
  const Topology topology = load_synthetic(description);
  char* xml = nullptr;
  int length = 0;
  check(hwloc_topology_export_xmlbuffer(topology.get(), &xml, &length, 0),
        "hwloc_topology_export_xmlbuffer");
  const std::string text = xml;
  hwloc_free_xmlbuffer(topology.get(), xml);
  return text;
}

}  // namespace berth::topology
