// Sets of CPUs as the kernel reads and shows them: lib/bitmap.c.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace berth::test::resctrl {

using Cpus = std::set<unsigned>;

// cpumask_parse: hexadecimal, a comma before each 32 bits. 0, EINVAL or EOVERFLOW.
int read_cpu_mask(std::string_view text, unsigned possible, Cpus& cpus);
// cpulist_parse: `0-3,8`, `all`, `N` for the last one, `0-7:1/2`. 0, EINVAL, ERANGE or EOVERFLOW.
int read_cpu_list(std::string_view text, unsigned possible, Cpus& cpus);

std::string cpu_mask_text(const Cpus& cpus, unsigned possible);
std::string cpu_list_text(const Cpus& cpus);

Cpus without(const Cpus& these, const Cpus& those);
Cpus both(const Cpus& these, const Cpus& those);

}  // namespace berth::test::resctrl
