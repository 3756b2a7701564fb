#include "bench/rdt_simulate/node.h"

#include <utility>

#include "rdt/room.h"

namespace berth::rdt_simulate {

namespace {

// Every CLOSID but the default group's.
constexpr unsigned kOf16Closids = 15, kOf8Closids = 7;

rdt::Shape shape(const char* name, uint64_t full, uint64_t shareable, unsigned max_groups) {
  return {.name = name,
          .full = full,
          .shareable = shareable,
          .max_groups = max_groups,
          .bandwidth = false};
}

rdt::Shape epyc(const char* name, bool sparse) {
  rdt::Shape made = shape(name, 0xffff, 0, kOf16Closids);
  made.domains = {0, 1, 2, 3, 8, 9, 10, 11};
  made.sparse = sparse;
  return made;
}

Node node(const char* about, rdt::Shape shape, unsigned cores_per_l3) {
  Node made{shape.name, about, std::move(shape), cores_per_l3, 0};
  const rdt::Capability all = made.capability();
  made.grantable =
      rdt::survey(*all.caches.l3, {}, {}, rdt::Cache::l3, 0, made.shape.rules).grantable();
  return made;
}

rdt::Shape with_bandwidth(rdt::Shape shape) {
  shape.bandwidth = true;
  return shape;
}

}  // namespace

std::vector<Node> all_nodes() {
  return {
      node("2 sockets of 20 cores, 11 ways, the top 2 shared with I/O, 16 CLOSIDs",
           shape("2x11", 0x7ff, 0x600, kOf16Closids), 20),
      node("the same with MBA, which has 8 CLOSIDs",
           with_bandwidth(shape("2x11-mb", 0x7ff, 0x600, kOf8Closids)), 20),
      node("2 sockets of 24 cores, 20 ways, the top 2 shared with I/O, 16 CLOSIDs",
           shape("2x20", 0xfffff, 0xc0000, kOf16Closids), 24),
      node("the same, but ways 0, 18 and 19 shared with I/O",
           shape("2x20-c0001", 0xfffff, 0xc0001, kOf16Closids), 24),
      node("8 CCXs of 8 cores, 16 ways, ids 0-3 and 8-11, 16 CLOSIDs", epyc("8x16", false), 8),
      node("the same where masks may have holes (AMD's may)", epyc("8x16-sparse", true), 8),
  };
}

}  // namespace berth::rdt_simulate
