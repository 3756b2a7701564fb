#include "bench/cache/statistics.h"

#include <algorithm>
#include <numeric>
#include <random>

namespace berth::cache_bench {

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

Estimate bootstrap(size_t count, const std::function<double(std::span<const size_t>)>& statistic,
                   uint64_t seed, unsigned resamples) {
  if (count == 0) return {};
  std::vector<size_t> sample(count);
  std::iota(sample.begin(), sample.end(), size_t{0});
  Estimate result{statistic(sample), 0, 0};
  std::mt19937_64 chance(seed);
  std::vector<double> seen(resamples);
  for (double& one : seen) {
    for (size_t& index : sample) index = chance() % count;
    one = statistic(sample);
  }
  std::ranges::sort(seen);
  result.low = seen[static_cast<size_t>(0.025 * resamples)];
  result.high = seen[static_cast<size_t>(0.975 * resamples)];
  return result;
}

namespace {

double median_at(std::span<const double> values, std::span<const size_t> indexes) {
  std::vector<double> chosen;
  chosen.reserve(indexes.size());
  for (const size_t index : indexes) chosen.push_back(values[index]);
  return median_of(std::move(chosen));
}

}  // namespace

Estimate estimate(std::span<const double> values) {
  return bootstrap(values.size(),
                   [&](std::span<const size_t> sample) { return median_at(values, sample); });
}

Estimate ratio(std::span<const double> values, std::span<const double> base) {
  std::vector<double> ratios(std::min(values.size(), base.size()));
  for (size_t i = 0; i < ratios.size(); ++i) ratios[i] = values[i] / base[i];
  return estimate(ratios);
}

Estimate efficacy(std::span<const double> shared, std::span<const double> partitioned,
                  std::span<const double> alone) {
  return bootstrap(std::min({shared.size(), partitioned.size(), alone.size()}),
                   [&](std::span<const size_t> sample) {
                     const double disturbed = median_at(shared, sample);
                     const double most = disturbed - median_at(alone, sample);
                     if (most == 0) return 0.0;
                     return (disturbed - median_at(partitioned, sample)) / most;
                   });
}

}  // namespace berth::cache_bench
