#include "runtime/process/cpu_affinity.h"

#include <sched.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <string>

#include "base/error.h"

namespace berth::runtime::process {

void set_cpu_affinity(const std::vector<unsigned>& cpus, const char* key) {
  constexpr size_t kBits = sizeof(unsigned long) * CHAR_BIT;
  if (cpus.empty()) return;
  // A cpu_set_t ends at 1024; the kernel takes any length.
  std::vector<unsigned long> mask(cpus.back() / kBits + 1);
  for (const unsigned cpu : cpus) mask[cpu / kBits] |= 1UL << cpu % kBits;
  check(::sched_setaffinity(0, mask.size() * sizeof(unsigned long),
                            reinterpret_cast<const cpu_set_t*>(mask.data())),
        std::string("set process.execCPUAffinity.") + key);
}

std::string cpu_mask_text(const std::vector<unsigned>& cpus) {
  constexpr unsigned kDigitBits = 4;
  std::vector<unsigned> digits(cpus.empty() ? 1 : cpus.back() / kDigitBits + 1);  // the least first
  for (const unsigned cpu : cpus) digits[cpu / kDigitBits] |= 1U << cpu % kDigitBits;
  std::string text = "0x";
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
    text += "0123456789abcdef"[*digit];
  }
  return text;
}

void take_all_cpus() {
  // As long as no kernel's own mask is; of the rest it takes no notice, nor of what is not there.
  constexpr size_t kMost = 65536;
  const std::vector<unsigned char> mask(kMost / CHAR_BIT, 0xff);
  check(::sched_setaffinity(0, mask.size(), reinterpret_cast<const cpu_set_t*>(mask.data())),
        "sched_setaffinity");
}

bool in_slurm_job(const std::vector<std::string>& program_environment) {
  return std::getenv("SLURM_JOB_ID") != nullptr ||
         std::ranges::any_of(program_environment, [](const std::string& variable) {
           return variable.starts_with("SLURM_JOB_ID=");
         });
}

}  // namespace berth::runtime::process
