#include "bench/cache/site.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "launcher/doctor/facts.h"
#include "rdt/resctrl.h"

namespace berth::cache_bench {
namespace {

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

std::optional<std::string> line_of(const std::string& path) {
  try {
    if (auto text = read_file_if_exists(AT_FDCWD, path)) return trimmed(*text);
    return std::nullopt;
  } catch (const Error&) {
    return std::nullopt;  // a fact less
  }
}

// `index3/...` of the CPU's caches in sysfs (Documentation/ABI/testing/sysfs-devices-system-cpu).
unsigned ways_of_l3(unsigned cpu) {
  const auto text =
      line_of(fmt::format("/sys/devices/system/cpu/cpu{}/cache/index3/ways_of_associativity", cpu));
  return text ? static_cast<unsigned>(std::strtoul(text->c_str(), nullptr, 10)) : 0;
}

void place_cpus(Site& site, const topology::Machine& machine, const topology::CpuSet& allowed) {
  bool found = false;
  for (const topology::Core& core : machine.cores()) {
    const topology::CpuSet usable = core.cpus & allowed;
    if (usable.empty()) continue;
    const unsigned cpu = usable.cpus().front();
    if (!site.l3.cpus.contains(cpu)) {
      site.elsewhere.push_back(cpu);
    } else if (!found) {
      site.victim_cpu = cpu;
      found = true;
    } else {
      site.beside.push_back(cpu);
    }
  }
  // A core below no L3 at all disturbs none.
  std::erase_if(site.elsewhere, [&](unsigned cpu) {
    return std::ranges::none_of(
        machine.l3(), [&](const topology::L3Domain& l3) { return l3.cpus.contains(cpu); });
  });
}

void describe(Site& site, const topology::Machine& machine) {
  const auto add = [&](const char* name, const std::optional<std::string>& value) {
    if (value && !value->empty()) site.facts[name] = *value;
  };
  const std::string cpu = fmt::format("/sys/devices/system/cpu/cpu{}", site.victim_cpu);
  if (const auto text = line_of("/proc/cpuinfo")) {
    const launcher::CpuFacts facts = launcher::parse_cpuinfo(*text);
    site.virtual_machine = facts.has("hypervisor");
    add("processor", facts.name);
  }
  utsname names{};
  ::uname(&names);
  add("kernel", names.release);
  add("microcode", line_of(cpu + "/microcode/version"));
  add("governor", line_of(cpu + "/cpufreq/scaling_governor"));
  add("no turbo", line_of("/sys/devices/system/cpu/intel_pstate/no_turbo"));
  add("SMT", line_of("/sys/devices/system/cpu/smt/control"));
  add("huge pages", line_of("/sys/kernel/mm/transparent_hugepage/enabled"));
  add("load before", line_of("/proc/loadavg"));
  add("cores", fmt::format("{}", machine.cores().size()));
  add("L3", fmt::format("{:.1f} MiB, {} ways, CPUs {}", static_cast<double>(site.l3.bytes) / 0x1p20,
                        site.ways, site.l3.cpus.to_list()));
}

}  // namespace

bool Site::counts(const char* event) const {
  return root && rdt && rdt->monitor &&
         std::ranges::find(rdt->monitor->events, event) != rdt->monitor->events.end();
}

Site survey(const topology::Machine& machine, const topology::CpuSet& allowed) {
  Site site;
  const auto l3 = std::ranges::find_if(machine.l3(), [&](const topology::L3Domain& domain) {
    return domain.cpus.intersects(allowed) && domain.bytes > 0;
  });
  if (l3 == machine.l3().end()) {
    throw Error(fmt::format("no L3 is known above the CPUs '{}': there is no cache to share",
                            allowed.to_list()));
  }
  site.l3 = *l3;
  site.root = ::geteuid() == 0;
  place_cpus(site, machine, allowed);
  for (const topology::L2Domain& l2 : machine.l2()) {
    if (l2.cpus.contains(site.victim_cpu)) site.l2_bytes = l2.bytes;
  }
  site.ways = ways_of_l3(site.victim_cpu);
  if (const auto resctrl = rdt::Resctrl::open()) {
    site.rdt = resctrl->capability();
    if (site.rdt->caches.l3) site.ways = site.rdt->caches.l3->full.count();
  }
  describe(site, machine);
  return site;
}

std::vector<std::string> no_evidence_because(const Site& site, unsigned repetitions) {
  constexpr unsigned kFewest = 10;
  std::vector<std::string> reasons;
  if (site.virtual_machine) {
    reasons.push_back(
        "this is a virtual machine: who else uses the cache, and how much of it is here, is not "
        "known");
  }
  if (!site.rdt) {
    reasons.push_back("no way is anybody's alone: resctrl is not mounted, or there is no RDT");
  } else if (!site.rdt->caches.l3) {
    reasons.push_back("no way is anybody's alone: there is no L3 CAT");
  } else if (!site.root) {
    reasons.push_back("no way is anybody's alone: resctrl is root's");
  }
  if (site.beside.empty()) {
    reasons.push_back("nobody can share the victim's L3: there is no other core below it");
  }
  if (repetitions < kFewest) {
    reasons.push_back(fmt::format("each cell was repeated {} times, at least {} are wanted",
                                  repetitions, kFewest));
  }
  return reasons;
}

}  // namespace berth::cache_bench
