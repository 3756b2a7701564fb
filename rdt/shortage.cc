// The line for who does not get the ways that he asked for.
#include <fmt/format.h>

#include <algorithm>

#include "rdt/room.h"

namespace berth::rdt {

namespace {

unsigned longest_run(WayMask mask) {
  unsigned longest = 0;
  for (const WayMask run : mask.runs()) longest = std::max(longest, run.count());
  return longest;
}

// The names of the groups that berth did not make and that have ways there, a few of them.
std::string names_in(std::span<const Foreign> foreign, Cache which, size_t domain) {
  constexpr size_t kShown = 3;
  std::vector<std::string> names;
  for (const Foreign& group : foreign) {
    if (group.ways[which][domain].empty()) continue;
    if (names.size() == kShown) {
      names.emplace_back("...");
      break;
    }
    names.push_back("'" + group.name + "'");
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace

std::string shortage(const Room& room, std::span<const Foreign> foreign, Cache which, size_t domain,
                     uint64_t need, bool shared) {
  const WayMask full = room.cache->full;
  const unsigned all = full.count();
  const std::string where = fmt::format("{} {}", name_of(which), room.cache->domains[domain]);
  if (need > all) return fmt::format("{}: {} ways asked, it has only {}", where, need, all);
  std::string line = fmt::format("{}: {} of {} ways asked", where, need, all);
  const WayMask free = shared ? room.open() : room.free();
  line += fmt::format(", {} free", free.count());
  if (free.count() >= need) line += fmt::format(" but only {} side by side", longest_run(free));
  std::string holders;
  WayMask seen = free;
  const auto count = [&](std::string_view text, WayMask mask) {
    const unsigned ways = (mask & full).minus(seen).count();
    seen = seen | mask;
    if (ways == 0) return;
    holders += fmt::format("{}{} {}", holders.empty() ? "" : ", ", text, ways);
  };
  if (!shared) count("default keeps", room.floor);
  count("jobs hold", room.exclusive | room.shared);
  count(fmt::format("groups not of berth ({}) hold", names_in(foreign, which, domain)),
        room.foreign);
  count("I/O shares", room.io);
  return holders.empty() ? line : fmt::format("{} ({})", line, holders);
}

}  // namespace berth::rdt
