// Monitoring ids: the list of free ones, and the limbo of those whose lines are still in a cache.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <vector>

namespace berth::test::resctrl {

class Rmids {
 public:
  // Bytes that an RMID occupies in the domain of that index.
  using Occupancy = std::function<uint64_t(unsigned rmid, size_t domain)>;

  // `always`: a freed RMID is in limbo whatever it occupies.
  Rmids(unsigned count, size_t domains, bool always);

  // 0 and the one that has been free for longest; ENOSPC; EBUSY where some are in limbo.
  int take(unsigned& rmid);
  // Into limbo until a later `look` finds that it occupies no more than `threshold` anywhere. Its
  // lines in the first domain, where the caller is taken to run, are looked at now.
  void free(unsigned rmid, std::chrono::milliseconds now, const Occupancy& occupancy,
            uint64_t threshold);
  // The kernel's look, once a second. `now` may jump.
  void look(std::chrono::milliseconds now, const Occupancy& occupancy, uint64_t threshold);

  size_t free_count() const { return free_.size(); }
  size_t limbo_count() const { return limbo_.size(); }

 private:
  struct Dirty {
    unsigned rmid;
    std::set<size_t> domains;
  };
  std::deque<unsigned> free_;
  std::vector<Dirty> limbo_;
  size_t domains_;
  bool always_;
  std::chrono::milliseconds next_look_{0};
};

}  // namespace berth::test::resctrl
