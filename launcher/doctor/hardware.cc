// The CPU, the kernel and the mount.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "launcher/doctor/findings.h"

namespace berth::launcher {
namespace {

constexpr const char* kPlace = "/sys/fs/resctrl";
constexpr std::array kAllocation{"cat_l3", "cdp_l3", "cat_l2", "cdp_l2", "mba"};
constexpr std::array kMonitoring{"cqm_occup_llc", "cqm_mbm_total", "cqm_mbm_local"};

template <class Names>
std::string present(const CpuFacts& cpu, const Names& names) {
  std::string list;
  for (const char* name : names) {
    if (cpu.has(name)) list += (list.empty() ? "" : ", ") + std::string(name);
  }
  return list;
}

void examine_cpu(const DoctorFacts& facts, std::vector<Finding>& findings) {
  if (!facts.cpu) return;
  const CpuFacts& cpu = *facts.cpu;
  const std::string allocation = present(cpu, kAllocation), monitoring = present(cpu, kMonitoring);
  if (!allocation.empty()) {
    findings.push_back(
        {Level::ok, "cpu", fmt::format("divides caches or bandwidth: {}", allocation), {}});
  } else if (facts.node.capability && facts.node.capability->max_groups > 0) {
    // Haswell, whose ways the kernel finds by trying, and other architectures.
    findings.push_back(
        {Level::ok, "cpu", "has no flag of RDT's, yet the kernel has found some", {}});
  } else if (cpu.has("hypervisor")) {
    findings.push_back({Level::problem, "cpu",
                        "none of the flags cat_l3, cat_l2, mba: this is a virtual machine, and its "
                        "host does not pass RDT on",
                        "run berth on the host, or on a bare-metal node"});
  } else {
    findings.push_back(
        {Level::problem, "cpu",
         fmt::format("none of the flags cat_l3, cat_l2, mba: {} has no RDT, or the BIOS hides it",
                     cpu.name.empty() ? "the CPU" : cpu.name),
         "switch RDT (Cache Allocation Technology) on in the BIOS setup, then: grep -ow -e cat_l3 "
         "-e cat_l2 -e mba /proc/cpuinfo | sort -u"});
    return;
  }
  if (!monitoring.empty()) {
    findings.push_back({Level::ok, "cpu", fmt::format("counts: {}", monitoring), {}});
  } else if (!allocation.empty()) {
    findings.push_back({Level::note, "cpu",
                        "none of the flags cqm_*: it counts neither occupancy nor bandwidth",
                        "look for RDT monitoring in the BIOS setup; berth does without"});
  }
}

// The kernel's argument `rdt=`, which is `cmt,!mba` for example.
std::vector<std::string> switched_off(const std::string& arguments) {
  std::vector<std::string> names;
  std::istringstream words(arguments);
  for (std::string word; words >> word;) {
    if (!word.starts_with("rdt=")) continue;
    std::istringstream options(word.substr(4));
    for (std::string option; std::getline(options, option, ',');) {
      if (option.starts_with('!')) names.push_back(option.substr(1));
    }
  }
  return names;
}

void examine_kernel(const DoctorFacts& facts, std::vector<Finding>& findings) {
  const auto off = switched_off(facts.kernel_arguments);
  if (!off.empty()) {
    findings.push_back(
        {Level::note, "kernel",
         fmt::format("its argument rdt= switches off: {}", fmt::join(off, ", ")),
         "if that is not wanted, take it out of GRUB_CMDLINE_LINUX in /etc/default/grub, then: "
         "update-grub && reboot"});
  }
  if (facts.kernel_has_resctrl) {
    findings.push_back({Level::ok, "kernel", "has resctrl", {}});
    return;
  }
  const bool able = facts.cpu && !present(*facts.cpu, kAllocation).empty();
  if (able) {
    findings.push_back(
        {Level::problem, "kernel",
         "no resctrl in /proc/filesystems, though the CPU has RDT: it is built without, "
         "or all of it is switched off",
         "grep CONFIG_X86_CPU_RESCTRL /boot/config-$(uname -r)"});
  } else {
    findings.push_back({Level::note, "kernel",
                        "no resctrl in /proc/filesystems: it comes only with a CPU that has RDT",
                        "see to the CPU first"});
  }
}

void examine_mount(const DoctorFacts& facts, std::vector<Finding>& findings) {
  const std::string mount = fmt::format("mount -t resctrl resctrl {}", kPlace);
  if (facts.mounts.empty()) {
    if (!facts.kernel_has_resctrl) return;
    findings.push_back({Level::problem, "mount", "resctrl is not mounted", mount});
  } else if (!facts.node.capability) {
    findings.push_back({Level::problem, "mount",
                        fmt::format("resctrl is mounted at {}, where berth does not look",
                                    facts.mounts.back().point),
                        fmt::format("umount {} && {}", facts.mounts.back().point, mount)});
  } else {
    const std::string& options = facts.mounts.back().options;
    findings.push_back({Level::ok, "mount", fmt::format("at {} with {}", kPlace, options), {}});
  }
  if (!facts.in_fstab) {
    findings.push_back(
        {Level::note, "mount", "not in /etc/fstab: the next boot does not mount it",
         fmt::format("echo 'resctrl {} resctrl defaults 0 0' >> /etc/fstab", kPlace)});
  }
}

}  // namespace

void examine_hardware(const DoctorFacts& facts, std::vector<Finding>& findings) {
  examine_cpu(facts, findings);
  examine_kernel(facts, findings);
  examine_mount(facts, findings);
}

}  // namespace berth::launcher
