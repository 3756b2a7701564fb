#include "launcher/top_rows.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace berth::launcher {
namespace {

using Seconds = std::chrono::duration<double>;
using Figure = std::optional<uint64_t> rdt::DomainFigures::*;

std::string key_of(const Holding& row) {
  return row.member != nullptr ? row.member->claim : row.group;
}

void add_parts(const NodeFacts& facts, unsigned id, const topology::CpuSet& cpus,
               TopSample& sample) {
  if (!facts.capability->caches.l3) return;
  const std::vector<Holding> rows = holdings_in(facts, rdt::Cache::l3, id, cpus);
  for (TopHolder& holder : sample.holders) {
    for (const Holding& row : rows) {
      const bool claim = row.member != nullptr;
      if (claim != (holder.counted.kind == HolderKind::claim)) continue;
      if (key_of(row) != holder.counted.name) continue;
      holder.parts[id].ways = row.masks.all().count();
      break;  // the I/O devices' row has no key either, and comes behind the default group's
    }
  }
}

void add_cpus(const NodeFacts& facts, const rdt::Member& member, const topology::L3Domain& domain,
              TopHolder& holder) {
  const auto claim = std::ranges::find(facts.claims, member.claim, &ClaimFacts::name);
  if (claim == facts.claims.end()) return;
  topology::CpuSet cpus;
  for (const Use& use : claim->uses) cpus = cpus | topology::CpuSet::parse(use.cpus);
  cpus = cpus & domain.cpus;
  if (!cpus.empty()) holder.parts[*domain.cache_id].cpus = cpus.to_list();
}

const rdt::DomainFigures* figures_in(const Counter& counter, unsigned cache) {
  const auto found = std::ranges::find(counter.domains, cache, &rdt::DomainFigures::domain);
  return found == counter.domains.end() ? nullptr : &*found;
}

const TopHolder* same_holder(const TopSample* sample, const CountedHolder& wanted) {
  if (sample == nullptr) return nullptr;
  for (const TopHolder& holder : sample->holders) {
    if (holder.counted.kind == wanted.kind && holder.counted.name == wanted.name) return &holder;
  }
  return nullptr;
}

const Counter* same_counter(const TopHolder& holder, const Counter& wanted) {
  for (const Counter& counter : holder.counted.counters) {
    if (counter.group == wanted.group && counter.monitor == wanted.monitor) return &counter;
  }
  return nullptr;
}

// Nothing where one of the counters has no figure: a part of the sum would pass for all of it.
std::optional<uint64_t> sum(const CountedHolder& holder, unsigned cache, Figure figure) {
  std::optional<uint64_t> total;
  for (const Counter& counter : holder.counters) {
    const rdt::DomainFigures* now = figures_in(counter, cache);
    if (now == nullptr || !(now->*figure)) return std::nullopt;
    total = total.value_or(0) + *(now->*figure);
  }
  return total;
}

std::optional<uint64_t> growth(const TopHolder& before, const Counter& counter, unsigned cache,
                               Figure figure) {
  const rdt::DomainFigures* now = figures_in(counter, cache);
  if (now == nullptr || !(now->*figure)) return std::nullopt;
  const Counter* then = same_counter(before, counter);
  if (then == nullptr) return now->*figure;
  const rdt::DomainFigures* was = figures_in(*then, cache);
  if (was == nullptr || !(was->*figure) || *(was->*figure) > *(now->*figure)) return std::nullopt;
  return *(now->*figure) - *(was->*figure);
}

std::optional<double> rate(const TopHolder* before, const CountedHolder& now, unsigned cache,
                           Figure figure, Seconds time) {
  if (before == nullptr || time.count() <= 0 || now.counters.empty()) return std::nullopt;
  double bytes = 0;
  for (const Counter& counter : now.counters) {
    const auto grown = growth(*before, counter, cache, figure);
    if (!grown) return std::nullopt;
    bytes += static_cast<double>(*grown);
  }
  return bytes / time.count();
}

std::set<unsigned> caches_of(const TopHolder& holder) {
  std::set<unsigned> caches;
  for (const auto& [id, part] : holder.parts) caches.insert(id);
  for (const Counter& counter : holder.counted.counters) {
    for (const rdt::DomainFigures& of : counter.domains) {
      const bool any = of.llc_occupancy.value_or(0) > 0 || of.mbm_total_bytes.value_or(0) > 0;
      if (any || holder.counted.kind != HolderKind::claim) caches.insert(of.domain);
    }
  }
  return caches;
}

std::optional<double> sort_figure(const TopRow& row, TopOrder order) {
  if (order == TopOrder::bandwidth) return row.all_rate ? row.all_rate : row.local_rate;
  if (order == TopOrder::name || !row.occupancy) return std::nullopt;
  return static_cast<double>(*row.occupancy);
}

}  // namespace

TopSample top_sample(const NodeFacts& facts, std::vector<CountedHolder> counted) {
  TopSample sample{std::chrono::steady_clock::now(), std::chrono::system_clock::now(), {}, {}};
  for (CountedHolder& holder : counted) sample.holders.push_back({std::move(holder), {}});
  for (const topology::L3Domain& domain : facts.machine.l3()) {
    if (!domain.cache_id) continue;
    TopCache& cache = sample.caches[*domain.cache_id];
    cache.bytes = domain.bytes;
    if (!facts.capability) continue;
    if (facts.capability->caches.l3) cache.ways = facts.capability->caches.l3->full.count();
    add_parts(facts, *domain.cache_id, domain.cpus, sample);
    for (TopHolder& holder : sample.holders) {
      const rdt::Member* member = holder.counted.kind == HolderKind::claim
                                      ? facts.layout.member(holder.counted.name)
                                      : nullptr;
      if (member != nullptr) add_cpus(facts, *member, domain, holder);
    }
  }
  return sample;
}

std::optional<double> TopRow::occupied() const {
  if (!occupancy || whole.bytes == 0) return std::nullopt;
  return static_cast<double>(*occupancy) / static_cast<double>(whole.bytes);
}

std::vector<TopRow> top_rows(const TopSample* before, const TopSample& now) {
  std::vector<TopRow> rows;
  const Seconds time = before == nullptr ? Seconds(0) : now.at - before->at;
  for (const TopHolder& holder : now.holders) {
    const CountedHolder& counted = holder.counted;
    const TopHolder* then = same_holder(before, counted);
    for (const unsigned id : caches_of(holder)) {
      const auto part = holder.parts.find(id);
      const auto cache = now.caches.find(id);
      rows.push_back({counted.kind, counted.name, counted.purpose, id,
                      cache == now.caches.end() ? TopCache() : cache->second,
                      part == holder.parts.end() ? TopPart() : part->second,
                      sum(counted, id, &rdt::DomainFigures::llc_occupancy),
                      rate(then, counted, id, &rdt::DomainFigures::mbm_local_bytes, time),
                      rate(then, counted, id, &rdt::DomainFigures::mbm_total_bytes, time)});
    }
  }
  return rows;
}

void sort_rows(std::vector<TopRow>& rows, TopOrder order) {
  std::ranges::sort(rows, [order](const TopRow& a, const TopRow& b) {
    const auto key = [order](const TopRow& row) {
      const auto figure = sort_figure(row, order);
      return std::make_tuple(!figure, -figure.value_or(0), row.kind == HolderKind::rest);
    };
    const auto first = key(a), second = key(b);
    return first != second ? first < second
                           : std::tie(a.purpose, a.cache) < std::tie(b.purpose, b.cache);
  });
}

}  // namespace berth::launcher
