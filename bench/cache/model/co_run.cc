#include "bench/cache/model/co_run.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <limits>
#include <string>

#include "base/error.h"

namespace berth::cache_model {
namespace {

constexpr unsigned victim_owner = 0;

unsigned aggressor_owner(size_t i) {
  return static_cast<unsigned>(i) + 1;
}

uint64_t seed_of(uint64_t seed, unsigned owner) {
  return mix64(seed) + owner;
}

Stream victim_stream(VictimKind kind, uint32_t lines, uint64_t seed) {
  const uint64_t own = seed_of(seed, victim_owner);
  if (kind == VictimKind::chase) return PointerChase(victim_owner, lines, own);
  return UniformRandom(victim_owner, lines, own);
}

Stream aggressor_stream(const Aggressor& aggressor, unsigned owner, const Geometry& geometry,
                        uint64_t seed) {
  if (aggressor.kind != AggressorKind::random_read) return EndlessStream(owner);
  return UniformRandom(owner, lines_of(aggressor.factor, geometry), seed_of(seed, owner));
}

// `amount`, up to a multiple of `lines`.
uint64_t whole_passes(double amount, uint32_t lines) {
  return static_cast<uint64_t>(std::ceil(amount / lines)) * lines;
}

}  // namespace

Accesses accesses_of(const Sampling& sampling, const Geometry& geometry, uint32_t lines) {
  const auto unit = static_cast<double>(std::max<uint64_t>(geometry.lines(), lines));
  return {whole_passes(sampling.warm_up * unit, lines),
          whole_passes(sampling.counted * unit, lines)};
}

uint32_t lines_of(double fraction, const Geometry& geometry) {
  const double lines = std::round(fraction * static_cast<double>(geometry.lines()));
  if (!(lines <= std::numeric_limits<uint32_t>::max())) {
    throw Error("size working set", std::to_string(fraction) + " of the cache", ERANGE);
  }
  return static_cast<uint32_t>(std::max(lines, 1.0));
}

CoRun::CoRun(const Geometry& geometry, uint64_t seed, VictimKind victim, uint32_t lines,
             const std::vector<Aggressor>& aggressors)
    : cache_(geometry, seed),
      lines_(lines),
      victim_(victim_stream(victim, lines, seed)),
      victim_mask_(geometry.all_ways()),
      aggressor_mask_(geometry.all_ways()) {
  for (size_t i = 0; i < aggressors.size(); ++i) {
    const Aggressor& one = aggressors[i];
    aggressors_.push_back({aggressor_stream(one, aggressor_owner(i), geometry, seed),
                           one.kind != AggressorKind::non_temporal_write, one.rate});
  }
}

void CoRun::set_masks(rdt::WayMask victim, rdt::WayMask aggressors) {
  victim_mask_ = victim;
  aggressor_mask_ = aggressors;
}

void CoRun::touch_all() {
  CyclicScan all(victim_owner, lines_);
  for (uint32_t i = 0; i < lines_; ++i) cache_.access(all.next(), victim_mask_, victim_owner);
}

uint64_t CoRun::run(uint64_t accesses) {
  uint64_t misses = 0;
  for (uint64_t i = 0; i < accesses; ++i) {
    if (!cache_.access(next_line(victim_), victim_mask_, victim_owner)) ++misses;
    for (size_t j = 0; j < aggressors_.size(); ++j) {
      Client& client = aggressors_[j];
      const rdt::WayMask fill = client.fills ? aggressor_mask_ : rdt::WayMask();
      for (client.due += client.rate; client.due >= 1; client.due -= 1) {
        cache_.access(next_line(client.stream), fill, aggressor_owner(j));
      }
    }
  }
  return misses;
}

uint64_t CoRun::victim_occupancy() const {
  return cache_.occupancy(victim_owner);
}

uint64_t CoRun::aggressors_occupancy() const {
  uint64_t lines = 0;
  for (size_t i = 0; i < aggressors_.size(); ++i) lines += cache_.occupancy(aggressor_owner(i));
  return lines;
}

}  // namespace berth::cache_model
