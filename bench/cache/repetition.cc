#include "bench/cache/repetition.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <sstream>
#include <thread>

#include "base/file.h"
#include "bench/cache/group_sampler.h"
#include "bench/cache/worker.h"

namespace berth::cache_bench {
namespace {

constexpr std::chrono::milliseconds kPeriod{20};

// Field 8 of the CPU's line in /proc/stat.
double stolen_seconds(unsigned cpu) {
  const std::string text = read_file(AT_FDCWD, "/proc/stat");
  const std::string name = fmt::format("\ncpu{} ", cpu);
  const size_t at = text.find(name);
  if (at == std::string::npos) return 0;
  std::istringstream fields(text.substr(at + name.size()));
  double value = 0;
  for (int field = 0; field < 8; ++field) fields >> value;
  return value / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

GroupUse use_of(const std::vector<GroupSample>& samples) {
  GroupUse use;
  double sum = 0, count = 0;
  for (const GroupSample& sample : samples) {
    if (!sample.figures.llc_occupancy) continue;
    sum += static_cast<double>(*sample.figures.llc_occupancy);
    ++count;
  }
  if (count > 0) use.occupancy = sum / count;
  if (samples.size() > 1) {
    const GroupSample &first = samples.front(), &last = samples.back();
    const auto &from = first.figures.mbm_total_bytes, &to = last.figures.mbm_total_bytes;
    if (from && to && *to >= *from && last.seconds > first.seconds) {
      use.bandwidth = static_cast<double>(*to - *from) / (last.seconds - first.seconds);
    }
  }
  return use;
}

// What the two sides' groups held meanwhile.
class Watch {
 public:
  explicit Watch(const Arrangement& arrangement) {
    if (arrangement.victim_group != nullptr) {
      victim_.emplace(
          [&arrangement] { return arrangement.victim_group->figures(arrangement.domain); },
          kPeriod);
    }
    if (arrangement.aggressor_group != nullptr) {
      others_.emplace(
          [&arrangement] { return arrangement.aggressor_group->figures(arrangement.domain); },
          kPeriod);
    } else if (arrangement.everybody != nullptr) {
      others_.emplace(
          [&arrangement] { return figures_in(*arrangement.everybody, arrangement.domain); },
          kPeriod);
    }
  }
  void stop(Repetition& repetition) {
    if (victim_) repetition.victim_use = use_of(victim_->stop());
    if (others_) repetition.others_use = use_of(others_->stop());
  }

 private:
  std::optional<GroupSampler> victim_, others_;
};

}  // namespace

Repetition run(const Arrangement& arrangement) {
  Worker victim(arrangement.victim, arrangement.victim_cpu);
  std::vector<Worker> aggressors;
  for (size_t i = 0; i < arrangement.aggressors.size(); ++i) {
    aggressors.emplace_back(arrangement.aggressors[i], arrangement.aggressor_cpus[i]);
  }
  // Before it has touched anything: a line stays whose it was when it was filled.
  if (arrangement.victim_group != nullptr) arrangement.victim_group->add(victim.pid());
  if (arrangement.aggressor_group != nullptr) {
    for (const Worker& aggressor : aggressors) arrangement.aggressor_group->add(aggressor.pid());
  }
  victim.begin();
  for (Worker& aggressor : aggressors) aggressor.begin();
  victim.wait_ready();
  for (Worker& aggressor : aggressors) aggressor.wait_ready();
  for (Worker& aggressor : aggressors) aggressor.go();
  if (!aggressors.empty()) std::this_thread::sleep_for(arrangement.lead);
  victim.go();
  std::this_thread::sleep_for(arrangement.victim.warm_up);
  Repetition repetition;
  const double stolen = stolen_seconds(arrangement.victim_cpu);
  Watch watch(arrangement);
  repetition.victim = victim.wait_victim();
  watch.stop(repetition);
  repetition.stolen_seconds = stolen_seconds(arrangement.victim_cpu) - stolen;
  for (Worker& aggressor : aggressors) repetition.aggressors.push_back(aggressor.stop_aggressor());
  return repetition;
}

}  // namespace berth::cache_bench
