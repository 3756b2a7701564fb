#include "bench/rdt_simulate/jobs.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>
#include <random>

namespace berth::rdt_simulate {

namespace {

// Drawn by hand: the standard's distributions differ between libraries, a seed should not.
class Chance {
 public:
  explicit Chance(uint64_t seed) : random_(seed) {}
  // In [0, 1).
  double uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }
  unsigned below(unsigned end) { return std::min(end - 1, static_cast<unsigned>(uniform() * end)); }
  double exponential() { return -std::log(1 - uniform()); }
  double normal() {  // Box and Muller
    const double radius = std::sqrt(2 * exponential());
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }

 private:
  std::mt19937_64 random_;
};

unsigned draw_cores(Chance& chance, const Node& node, const Mix& mix) {
  const unsigned one = node.cores_per_l3;
  const auto all = static_cast<unsigned>(node.shape.domains.size());
  const unsigned kind = chance.below(100);
  if (kind < mix.spanning) {
    // One and a half L3s, or a power of two of them: 2, 4 ... all.
    const unsigned choice = chance.below(static_cast<unsigned>(std::bit_width(all)));
    return choice == 0 ? one + one / 2 : one << choice;
  }
  if (kind < mix.spanning + mix.any_size) return 1 + chance.below(one);
  const unsigned largest = std::min(one, mix.largest);
  return 1U << chance.below(static_cast<unsigned>(std::bit_width(largest)));
}

// A wish for more than could ever be granted is a typing error and not load: at most all.
rdt::Amount draw_amount(Chance& chance, const Node& node, const Mix& mix, double share) {
  using Unit = rdt::Amount::Unit;
  const unsigned kind = chance.below(100);
  const double factor = std::array{0.5, 1.0, 1.0, 2.0}[chance.below(4)];
  if (kind < mix.automatic) return {Unit::automatic, 0};
  const unsigned grantable = node.grantable;
  if (kind < mix.automatic + mix.in_percent) {
    const auto ways = static_cast<unsigned>(std::popcount(node.shape.full));
    const unsigned most = grantable * 100 / ways / 5 * 5;
    const auto percent = static_cast<unsigned>(std::ceil(share * factor * 20)) * 5;
    return {Unit::percent, std::clamp(percent, 5U, most)};
  }
  const auto ways = static_cast<unsigned>(std::lround(share * factor * grantable));
  return {Unit::ways, std::clamp(ways, 1U, grantable)};
}

// The same number of draws for every job, whatever they come to: streams of different mixes differ
// no more than they must.
Job draw(Chance& chance, const Node& node, const Mix& mix) {
  Job job;
  job.arrival = chance.exponential();
  job.hours = mix.median_hours * std::exp(mix.sigma * chance.normal());
  job.cores = draw_cores(chance, node, mix);
  const double share = std::min(1.0, static_cast<double>(job.cores) / node.cores_per_l3);
  const unsigned kind = chance.below(100);
  const rdt::Amount own = draw_amount(chance, node, mix, share);
  const rdt::Amount common{rdt::Amount::Unit::percent, uint64_t{10} * (1 + chance.below(5))};
  const bool limited = chance.below(100) < mix.bandwidth;
  const rdt::Bandwidth rate{rdt::Bandwidth::Unit::percent, uint64_t{10} * (1 + chance.below(9))};
  if (kind < mix.no_wish) return job;
  job.shared = kind < mix.no_wish + mix.shared;
  job.ways = job.shared ? common : own;
  if (limited && node.shape.bandwidth) job.bandwidth = rate;
  return job;
}

}  // namespace

Mix small_jobs() {
  Mix mix;
  mix.name = "small";
  mix.spanning = mix.any_size = 0;
  mix.largest = 4;
  return mix;
}

std::vector<Job> make_jobs(const Node& node, const Mix& mix, double load, size_t count,
                           uint64_t seed) {
  Chance chance(seed);
  std::vector<Job> jobs;
  jobs.reserve(count);
  double now = 0, core_hours = 0;
  for (size_t i = 0; i < count; ++i) {
    jobs.push_back(draw(chance, node, mix));
    now += jobs.back().arrival;
    jobs.back().arrival = now;
    core_hours += jobs.back().cores * jobs.back().hours;
  }
  const double stretch = core_hours / (load * node.cores() * now);
  for (Job& job : jobs) job.arrival *= stretch;
  return jobs;
}

rdt::Wish wish_of(const Job& job, const Node& node, const std::vector<Part>& parts) {
  rdt::Wish wish;
  wish.asked = rdt::to_string(*job.ways);
  wish.caches.l3 = rdt::CacheWish{job.ways, {}, {}};
  wish.shared = job.shared;
  wish.throttles.mb = job.bandwidth;
  for (const Part& part : parts) {
    wish.domains.l3.push_back(
        {node.shape.domains[part.domain], 0, part.count(), node.cores_per_l3});
  }
  return wish;
}

}  // namespace berth::rdt_simulate
