#include "tests/support/resctrl/processor.h"

namespace berth::test::resctrl {

namespace {

constexpr uint64_t kKib = 1024;

std::vector<Domain> domains_of(const Sockets& sockets, unsigned first_cpu = 0) {
  std::vector<Domain> domains;
  unsigned cpu = first_cpu;
  for (const unsigned id : sockets.ids) {
    Domain& domain = domains.emplace_back(Domain{id, {}});
    for (unsigned i = 0; i < sockets.cpus; ++i) domain.cpus.push_back(cpu++);
  }
  return domains;
}

Processor with_cpus(const Sockets& sockets) {
  Processor processor;
  processor.possible_cpus = static_cast<unsigned>(sockets.ids.size()) * sockets.cpus;
  for (unsigned cpu = 0; cpu < processor.possible_cpus; ++cpu) processor.online.push_back(cpu);
  return processor;
}

Monitor monitor(unsigned rmids, uint64_t bytes, const Sockets& sockets, unsigned unit = 65536) {
  Monitor result;
  result.rmids = rmids;
  result.unit = unit;
  result.limit = bytes;
  result.domains = domains_of(sockets);
  return result;
}

Bandwidth bandwidth(unsigned closids, const Sockets& sockets) {
  Bandwidth result;
  result.closids = closids;
  result.domains = domains_of(sockets);
  return result;
}

}  // namespace

Processor haswell(const Sockets& sockets) {
  Processor processor = with_cpus(sockets);
  processor.l3 = Cache{20, 4, 2, 0xc0000, false, false, 20480 * kKib, domains_of(sockets)};
  return processor;
}

Processor broadwell(const Sockets& sockets) {
  Processor processor = with_cpus(sockets);
  processor.l3 = Cache{20, 16, 1, 0xc0000, false, true, 51200 * kKib, domains_of(sockets)};
  processor.mb = bandwidth(8, sockets);
  processor.mb->throttle_mode.clear();
  processor.monitor = monitor(176, processor.l3->bytes, sockets);
  return processor;
}

Processor skylake(const Sockets& sockets) {
  Processor processor = with_cpus(sockets);
  processor.l3 = Cache{11, 16, 1, 0x600, false, true, 28160 * kKib, domains_of(sockets)};
  processor.mb = bandwidth(8, sockets);
  processor.monitor = monitor(224, processor.l3->bytes, sockets, 114688);
  return processor;
}

Processor newer_xeon(const Sockets& sockets) {
  Processor processor = with_cpus(sockets);
  processor.l3 = Cache{20, 15, 1, 0xc0001, false, true, 110080 * kKib, domains_of(sockets)};
  Sockets pairs{{}, 2};
  for (unsigned i = 0; i < processor.possible_cpus / 2; ++i) pairs.ids.push_back(i);
  processor.l2 = Cache{16, 8, 1, 0, false, true, 2048 * kKib, domains_of(pairs)};
  processor.mb = bandwidth(15, sockets);
  processor.mb->throttle_mode = "per-thread";
  processor.monitor = monitor(512, processor.l3->bytes, sockets);
  return processor;
}

Processor atom(unsigned l2_domains) {
  Sockets pairs{{}, 2};
  for (unsigned i = 0; i < l2_domains; ++i) pairs.ids.push_back(i);
  Processor processor = with_cpus(pairs);
  processor.l2 = Cache{8, 4, 1, 0, false, true, 1024 * kKib, domains_of(pairs)};
  return processor;
}

Processor amd(const Sockets& sockets) {
  Processor processor = with_cpus(sockets);
  processor.l3 = Cache{16, 16, 0, 0, true, true, 16384 * kKib, domains_of(sockets)};
  processor.mb = Bandwidth{16, 0, 1, 2048, false, "", domains_of(sockets)};
  processor.smba = processor.mb;
  processor.monitor = monitor(256, processor.l3->bytes, sockets, 64);
  return processor;
}

Processor guest() {
  const Sockets sockets;
  Processor processor = with_cpus(sockets);
  processor.l3 = Cache{11, 16, 1, 0x600, false, true, 11264 * kKib, domains_of(sockets)};
  processor.mb = bandwidth(8, sockets);
  processor.monitor = monitor(64, processor.l3->bytes, sockets);
  return processor;
}

}  // namespace berth::test::resctrl
