#include "topology/cpu_set.h"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "base/error.h"

namespace berth::topology {

namespace {

// Far above any kernel's NR_CPUS (8192); keeps a hostile `0-4294967295` from costing memory.
constexpr unsigned kMaxCpu = 65535;

[[noreturn]] void refuse(std::string_view list) {
  throw Error("read CPU list", list, EINVAL);
}

unsigned parse_number(std::string_view text, std::string_view list) {
  unsigned value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value > kMaxCpu) refuse(list);
  return value;
}

}  // namespace

CpuSet::CpuSet(std::initializer_list<unsigned> cpus) {
  for (const unsigned cpu : cpus) insert(cpu);
}

CpuSet CpuSet::parse(std::string_view list) {
  if (list.ends_with('\n')) list.remove_suffix(1);
  CpuSet set;
  std::string_view rest = list;
  while (!rest.empty()) {
    const size_t comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    const size_t dash = item.find('-');
    const unsigned first = parse_number(item.substr(0, dash), list);
    const unsigned last =
        dash == std::string_view::npos ? first : parse_number(item.substr(dash + 1), list);
    if (last < first) refuse(list);
    for (unsigned cpu = first; cpu <= last; ++cpu) set.insert(cpu);
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
    if (rest.empty()) refuse(list);
  }
  return set;
}

CpuSet CpuSet::of_task(pid_t pid) {
  // The kernel answers EINVAL while the buffer is shorter than its own mask.
  for (size_t count = 1024;; count *= 4) {
    std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> mask(CPU_ALLOC(count),
                                                          [](cpu_set_t* m) { CPU_FREE(m); });
    const size_t bytes = CPU_ALLOC_SIZE(count);
    if (!mask) throw Error("allocate a CPU mask", {}, ENOMEM);
    CPU_ZERO_S(bytes, mask.get());
    if (::sched_getaffinity(pid, bytes, mask.get()) == 0) {
      CpuSet set;
      for (unsigned cpu = 0; cpu < count; ++cpu) {
        if (CPU_ISSET_S(cpu, bytes, mask.get())) set.insert(cpu);
      }
      return set;
    }
    if (errno != EINVAL || count > kMaxCpu) {
      throw Error("read the CPU affinity of thread", std::to_string(pid), errno);
    }
  }
}

void CpuSet::insert(unsigned cpu) {
  if (cpu >= bits_.size()) bits_.resize(cpu + 1);
  bits_[cpu] = true;
}

bool CpuSet::contains(unsigned cpu) const {
  return cpu < bits_.size() && bits_[cpu];
}

bool CpuSet::empty() const {
  return bits_.empty();
}

size_t CpuSet::size() const {
  return static_cast<size_t>(std::ranges::count(bits_, true));
}

std::vector<unsigned> CpuSet::cpus() const {
  std::vector<unsigned> result;
  for (unsigned cpu = 0; cpu < bits_.size(); ++cpu) {
    if (bits_[cpu]) result.push_back(cpu);
  }
  return result;
}

std::string CpuSet::to_list() const {
  std::string list;
  for (unsigned cpu = 0; cpu < bits_.size(); ++cpu) {
    if (!bits_[cpu]) continue;
    const unsigned first = cpu;
    while (contains(cpu + 1)) ++cpu;
    if (!list.empty()) list += ',';
    list += std::to_string(first);
    if (cpu > first) list += '-' + std::to_string(cpu);
  }
  return list;
}

CpuSet CpuSet::operator&(const CpuSet& other) const {
  CpuSet result;
  result.bits_.resize(std::min(bits_.size(), other.bits_.size()));
  for (size_t i = 0; i < result.bits_.size(); ++i) result.bits_[i] = bits_[i] && other.bits_[i];
  result.trim();
  return result;
}

CpuSet CpuSet::operator|(const CpuSet& other) const {
  CpuSet result = bits_.size() < other.bits_.size() ? other : *this;
  const CpuSet& smaller = bits_.size() < other.bits_.size() ? *this : other;
  for (size_t i = 0; i < smaller.bits_.size(); ++i) {
    if (smaller.bits_[i]) result.bits_[i] = true;
  }
  return result;
}

CpuSet CpuSet::minus(const CpuSet& other) const {
  CpuSet result = *this;
  const size_t shared = std::min(bits_.size(), other.bits_.size());
  for (size_t i = 0; i < shared; ++i) {
    if (other.bits_[i]) result.bits_[i] = false;
  }
  result.trim();
  return result;
}

bool CpuSet::intersects(const CpuSet& other) const {
  return !(*this & other).empty();
}

bool CpuSet::is_subset_of(const CpuSet& other) const {
  return minus(other).empty();
}

bool CpuSet::operator==(const CpuSet& other) const {
  return bits_ == other.bits_;
}

void CpuSet::trim() {
  while (!bits_.empty() && !bits_.back()) bits_.pop_back();
}

void bind_to(const CpuSet& cpus) {
  const unsigned count = cpus.empty() ? 1 : cpus.cpus().back() + 1;
  const size_t bytes = CPU_ALLOC_SIZE(count);
  const std::unique_ptr<cpu_set_t, void (*)(cpu_set_t*)> set(CPU_ALLOC(count),
                                                             [](cpu_set_t* s) { CPU_FREE(s); });
  CPU_ZERO_S(bytes, set.get());
  for (const unsigned cpu : cpus.cpus()) CPU_SET_S(cpu, bytes, set.get());
  check(::sched_setaffinity(0, bytes, set.get()), "bind to CPUs", cpus.to_list());
}

}  // namespace berth::topology
