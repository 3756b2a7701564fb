#include "bench/cache/model/closed_form.h"

#include <algorithm>
#include <cmath>

namespace berth::cache_model {

double poisson_at_most(double mean, unsigned most) {
  double term = std::exp(-mean);
  double sum = term;
  for (unsigned n = 1; n <= most; ++n) {
    term *= mean / n;
    sum += term;
  }
  return std::min(sum, 1.0);
}

double uniform_hit(double lambda, unsigned ways) {
  // E[min(X, k)] is the sum of P(X > j) for j < k.
  double resident = 0;
  for (unsigned j = 0; j < ways; ++j) resident += 1 - poisson_at_most(lambda, j);
  return resident / lambda;
}

double chase_hit(double lambda, unsigned ways) {
  return chase_hit_beside_stream(lambda, ways, 0);
}

double scan_hit(uint64_t lines, unsigned sets, unsigned ways) {
  const uint64_t least = lines / sets;     // lines in each set
  const uint64_t one_more = lines % sets;  // sets with a line more
  const uint64_t in_least = (sets - one_more) * least;
  if (least >= ways)
    return least == ways ? static_cast<double>(in_least) / static_cast<double>(lines) : 0;
  return 1;
}

double che_uniform_hit(double fraction, double stream_ratio) {
  if (stream_ratio <= 0) return std::min(1.0, 1 / fraction);
  // The left side grows with x: between 0 and 1/(F*R), by halves.
  double low = 0;
  double high = 1 / (fraction * stream_ratio);
  for (int i = 0; i < 100; ++i) {
    const double x = (low + high) / 2;
    (1 - std::exp(-x) + stream_ratio * x < 1 / fraction ? low : high) = x;
  }
  return 1 - std::exp(-low);
}

double uniform_hit_beside_stream(double lambda, unsigned ways, double stream_ratio) {
  if (ways == 0) return 0;
  // With u = 1-e^-x the weight e^-x dx is du on [0, 1); midpoints keep away from x = infinity.
  constexpr int steps = 4096;
  double sum = 0;
  for (int i = 0; i < steps; ++i) {
    const double u = (i + 0.5) / steps;
    const double others = lambda * (u - stream_ratio * std::log1p(-u));
    sum += poisson_at_most(others, ways - 1);
  }
  return sum / steps;
}

double chase_hit_beside_stream(double lambda, unsigned ways, double stream_ratio) {
  return ways == 0 ? 0 : poisson_at_most(lambda * (1 + stream_ratio), ways - 1);
}

double partition_share(unsigned ways, unsigned all_ways) {
  return static_cast<double>(ways) / all_ways;
}

ShrinkHits shrink_hits(double lambda, unsigned ways_before, unsigned ways_after) {
  return {uniform_hit(lambda, ways_before), uniform_hit(lambda, ways_after)};
}

}  // namespace berth::cache_model
