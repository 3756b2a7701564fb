#include "bench/rdt_simulate/occupancy.h"

#include <algorithm>
#include <cmath>

#include "rdt/room.h"

namespace berth::rdt_simulate {

Occupancy::Occupancy(const Node& node, const rdt::Capability& capability, const rdt::Rules& rules)
    : node_(node), capability_(capability), rules_(rules), ways_(node.shape.domains.size()) {
  std::vector<Part> all;
  for (size_t domain = 0; domain < ways_.size(); ++domain) all.push_back({domain, 0});
  update(0, {}, all);
}

void Occupancy::begin(double now) {
  for (TimeMean* mean : {&cores_, &idle_, &stranded_, &default_, &groups_}) mean->begin(now);
  begin_ = now;
  most_groups_ = static_cast<unsigned>(groups_.value());
}

Occupancy::Ways Occupancy::look(const rdt::Layout& layout, size_t domain) const {
  const rdt::CacheCapability& l3 = *capability_.caches.l3;
  const rdt::Room room = rdt::survey(l3, layout, {}, rdt::Cache::l3, domain, rules_);
  const rdt::WayMask idle = l3.full.minus(room.floor | room.io | room.exclusive | room.shared);
  return {idle.count(), idle.minus(room.default_group).count(), room.default_group.count()};
}

void Occupancy::update(double now, const rdt::Layout& layout, const std::vector<Part>& parts) {
  for (const Part& part : parts) ways_[part.domain] = look(layout, part.domain);
  Ways sum;
  for (const Ways& ways : ways_) {
    sum.idle += ways.idle;
    sum.stranded += ways.stranded;
    sum.of_default += ways.of_default;
  }
  const auto domains = static_cast<double>(ways_.size());
  idle_.set(now, sum.idle / domains);
  stranded_.set(now, sum.stranded / domains);
  default_.set(now, sum.of_default / domains);
  groups_.set(now, static_cast<double>(layout.groups.size()));
  most_groups_ = std::max(most_groups_, static_cast<unsigned>(layout.groups.size()));
}

void Occupancy::add_to(Figures& figures, double now) const {
  figures.hours = now - begin_;
  figures.cores_busy = cores_.mean(now) / node_.cores();
  figures.idle_ways = idle_.mean(now);
  figures.stranded_ways = stranded_.mean(now);
  figures.default_ways = default_.mean(now);
  figures.groups = groups_.mean(now);
  figures.most_groups = most_groups_;
}

void Batches::add(size_t job, bool refused) {
  Batch& batch = batches_[std::min(kCount - 1, job * kCount / jobs_)];
  batch.asked += 1;
  batch.refused += refused ? 1 : 0;
}

double Batches::margin() const {
  constexpr double kStudent = 2.093;  // 97.5%, 19 degrees of freedom
  double sum = 0, squares = 0, count = 0;
  for (const Batch& batch : batches_) {
    if (batch.asked == 0) continue;
    const double rate = batch.refused / batch.asked;
    sum += rate;
    squares += rate * rate;
    count += 1;
  }
  if (count < 2) return 0;
  const double variance = std::max(0.0, (squares - sum * sum / count) / (count - 1));
  return kStudent * std::sqrt(variance / count);
}

}  // namespace berth::rdt_simulate
