// The tests' emulated resctrl for whole programs: mounted, with this machine's L3 caches of 20 ways
// and 32 classes each. Prints where, and takes it away when its standard input ends. Programs are
// told that it is /sys/fs/resctrl by resctrl_stand_in.
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/error.h"
#include "tests/support/resctrl/mount.h"
#include "topology/machine.h"

namespace {

using berth::test::resctrl::Domain;
using berth::test::resctrl::Processor;

Processor of_this_machine() {
  const auto machine = berth::topology::Machine::load();
  Processor processor = berth::test::resctrl::skylake();
  processor.mb.reset();
  processor.online = machine.cpus().cpus();
  processor.possible_cpus = processor.online.empty() ? 0 : processor.online.back() + 1;
  processor.l3->ways = 20;
  processor.l3->closids = 32;
  processor.l3->shareable = 0;
  processor.l3->domains.clear();
  for (const auto& l3 : machine.l3()) {
    if (!l3.cache_id) continue;
    processor.l3->bytes = l3.bytes;
    processor.l3->domains.push_back(Domain{*l3.cache_id, l3.cpus.cpus()});
  }
  if (processor.l3->domains.empty()) throw berth::Error("no L3 cache with an id on this machine");
  processor.monitor->rmids = 1 << 16;
  processor.monitor->domains = processor.l3->domains;
  return processor;
}

}  // namespace

int main() {
  try {
    const berth::test::resctrl::Mount mount(of_this_machine());
    std::printf("%s\n", mount.path().c_str());
    std::fflush(stdout);
    char rest[64];
    for (ssize_t n = 1; n > 0 || (n < 0 && errno == EINTR);) n = ::read(0, rest, sizeof rest);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "emulated_resctrl: %s\n", e.what());
    return 1;
  }
}
