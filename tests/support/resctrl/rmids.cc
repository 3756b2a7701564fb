#include "tests/support/resctrl/rmids.h"

#include <cerrno>

namespace berth::test::resctrl {

namespace {

constexpr std::chrono::seconds kInterval{1};

}  // namespace

Rmids::Rmids(unsigned count, size_t domains, bool always) : domains_(domains), always_(always) {
  for (unsigned rmid = 1; rmid < count; ++rmid) free_.push_back(rmid);  // 0: the default group's
}

int Rmids::take(unsigned& rmid) {
  if (free_.empty()) return limbo_.empty() ? ENOSPC : EBUSY;
  rmid = free_.front();
  free_.pop_front();
  return 0;
}

void Rmids::free(unsigned rmid, std::chrono::milliseconds now, const Occupancy& occupancy,
                 uint64_t threshold) {
  Dirty dirty{rmid, {}};
  for (size_t domain = 0; domain < domains_; ++domain) {
    if (!always_ && domain == 0 && occupancy(rmid, domain) <= threshold) continue;
    dirty.domains.insert(domain);
  }
  if (dirty.domains.empty()) {
    free_.push_back(rmid);
    return;
  }
  if (limbo_.empty()) next_look_ = now + kInterval;
  limbo_.push_back(std::move(dirty));
}

void Rmids::look(std::chrono::milliseconds now, const Occupancy& occupancy, uint64_t threshold) {
  if (limbo_.empty() || now < next_look_) return;
  next_look_ = now + kInterval;
  std::erase_if(limbo_, [&](Dirty& dirty) {
    std::erase_if(dirty.domains,
                  [&](size_t domain) { return occupancy(dirty.rmid, domain) <= threshold; });
    if (dirty.domains.empty()) free_.push_back(dirty.rmid);
    return dirty.domains.empty();
  });
}

}  // namespace berth::test::resctrl
