#include "launcher/known_machine.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"

namespace berth::launcher {
namespace {

using nlohmann::json;
using topology::CpuSet;

constexpr const char* kFile = "machine.json";

// Hotplug and SMT switches change the machine without a reboot, and this line with it.
std::string online_cpus() {
  return read_file(AT_FDCWD, "/sys/devices/system/cpu/online");
}

json to_json(const topology::Machine& machine, const std::string& online) {
  json l3 = json::array(), l2 = json::array(), cores = json::array(), nodes = json::array();
  for (const topology::L3Domain& domain : machine.l3()) {
    json entry{
        {"package", domain.package}, {"cpus", domain.cpus.to_list()}, {"bytes", domain.bytes}};
    if (domain.cache_id) entry["id"] = *domain.cache_id;
    l3.push_back(std::move(entry));
  }
  for (const topology::L2Domain& domain : machine.l2()) {
    json entry{{"cpus", domain.cpus.to_list()}, {"bytes", domain.bytes}};
    if (domain.cache_id) entry["id"] = *domain.cache_id;
    l2.push_back(std::move(entry));
  }
  for (const topology::Core& core : machine.cores()) {
    cores.push_back({{"package", core.package}, {"cpus", core.cpus.to_list()}});
  }
  for (const topology::NumaNode& node : machine.numa_nodes()) {
    nodes.push_back({{"index", node.os_index}, {"cpus", node.cpus.to_list()}});
  }
  return {{"online", online}, {"cpus", machine.cpus().to_list()},
          {"l3", l3},         {"l2", l2},
          {"cores", cores},   {"numaNodes", nodes}};
}

topology::Machine from_json(const json& file) {
  const auto cpus = [](const json& entry) {
    return CpuSet::parse(entry.at("cpus").get_ref<const std::string&>());
  };
  std::vector<topology::L3Domain> l3;
  for (const json& entry : file.at("l3")) {
    topology::L3Domain domain;
    if (entry.contains("id")) domain.cache_id = entry.at("id").get<unsigned>();
    domain.package = entry.at("package").get<unsigned>();
    domain.cpus = cpus(entry);
    domain.bytes = entry.at("bytes").get<uint64_t>();
    l3.push_back(std::move(domain));
  }
  std::vector<topology::L2Domain> l2;
  for (const json& entry : file.at("l2")) {
    topology::L2Domain domain;
    if (entry.contains("id")) domain.cache_id = entry.at("id").get<unsigned>();
    domain.cpus = cpus(entry);
    domain.bytes = entry.at("bytes").get<uint64_t>();
    l2.push_back(std::move(domain));
  }
  std::vector<topology::Core> cores;
  for (const json& entry : file.at("cores")) {
    cores.push_back({entry.at("package").get<unsigned>(), cpus(entry)});
  }
  std::vector<topology::NumaNode> nodes;
  for (const json& entry : file.at("numaNodes")) {
    nodes.push_back({entry.at("index").get<unsigned>(), cpus(entry)});
  }
  return topology::Machine::remembered(std::move(l3), std::move(l2), std::move(cores),
                                       std::move(nodes), cpus(file));
}

std::optional<topology::Machine> recall(int state_dir, const std::string& online) {
  const UniqueFd file(::openat(state_dir, kFile, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) < 0) return std::nullopt;
  if (status.st_uid != 0 || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) return std::nullopt;
  try {
    const json remembered = json::parse(read_fd(file.get(), kFile));
    if (remembered.at("online") != online) return std::nullopt;
    return from_json(remembered);
  } catch (const std::exception&) {
    return std::nullopt;  // another version's file, or a damaged one: hwloc looks again
  }
}

}  // namespace

topology::Machine known_machine(const std::string& state_dir) {
  const std::string online = online_cpus();
  const auto dir = open_dir_if_exists(AT_FDCWD, state_dir);
  if (dir) {
    if (auto machine = recall(dir->get(), online)) return std::move(*machine);
  }
  topology::Machine machine = topology::Machine::load();
  if (dir && ::geteuid() == 0) {
    try {
      replace_file(dir->get(), kFile, to_json(machine, online).dump(), 0644,
                   /*through_a_crash=*/false);
    } catch (const Error& e) {
      // A full /run costs the next caller these milliseconds again, nothing more.
      if (tracing()) trace(e.what());
    }
  }
  return machine;
}

}  // namespace berth::launcher
