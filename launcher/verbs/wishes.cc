#include "launcher/verbs/wishes.h"

#include "base/error.h"
#include "topology/placement.h"

namespace berth::launcher {

Request to_request(const WishOptions& options) {
  Request request;
  request.rdt = parse_rdt_options(options.rdt);
  if (!options.memory.empty()) {
    request.task_memory = parse_bytes(options.memory);
    if (!request.task_memory) {
      throw Error("--memory=" + options.memory + ": not a size such as 512MiB or 4GiB");
    }
  }
  request.task_pids = options.pids;
  return request;
}

topology::CpuSet to_cpus(const WishOptions& options, const topology::Machine& machine) {
  if (!options.cores.empty()) {
    try {
      return topology::cpus_of_abstract_cores(machine, options.cores);
    } catch (const Error& e) {
      throw e.within("--cores=" + options.cores);
    }
  }
  return machine.is_this_system() ? topology::CpuSet::of_task(0) : machine.cpus();
}

}  // namespace berth::launcher
