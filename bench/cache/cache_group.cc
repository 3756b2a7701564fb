#include "bench/cache/cache_group.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/error.h"

namespace berth::cache_bench {
namespace {

constexpr const char* kUse = "bench";

launcher::Request request_for(const std::string& side, const launcher::RdtOptions& options) {
  launcher::Request request;
  request.claim = fmt::format("launch_{}_{}", ::getpid(), side);
  request.purpose = fmt::format("bench cache {}, {}", ::getpid(), side);
  request.rdt = launcher::parse_rdt_options(options);
  request.asker.uid = ::getuid();
  return request;
}

uint64_t mask_of(const rdt::Group& group, unsigned domain) {
  return group.schemata().resources.at("L3").at(domain);
}

void write_mask(const rdt::Group& group, unsigned domain, uint64_t mask) {
  rdt::Schemata schemata;
  schemata.resources["L3"][domain] = mask;
  group.write(schemata);
}

}  // namespace

std::optional<rdt::DomainFigures> figures_in(const rdt::Group& group, unsigned domain) {
  for (const rdt::DomainFigures& one : group.figures()) {
    if (one.domain == domain) return one;
  }
  return std::nullopt;
}

CacheGroup::CacheGroup(const launcher::Roots& roots, const topology::Machine& machine,
                       const launcher::Policy& policy, const std::string& side,
                       const launcher::RdtOptions& options, const topology::CpuSet& cpus)
    : roots_(roots) {
  const launcher::Request request = request_for(side, options);
  // The CPUs stay the experiment's own affair: no cgroup is made.
  prepared_ = launcher::prepare(roots, machine, policy, request, cpus, kUse,
                                launcher::Holder::self(), /*slurm_made_cgroup=*/true);
  claim_ = request.claim;
  if (prepared_->open_place) return;
  launcher::release(roots, claim_, kUse);
  throw Error(fmt::format(
      "{}: {}", request.rdt.text(),
      prepared_->plan.warnings.empty() ? "not to be had here" : prepared_->plan.warnings.front()));
}

CacheGroup::~CacheGroup() {
  try {
    launcher::release(roots_, claim_, kUse);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "berth: %s (berth reap tries again)\n", e.what());
  }
}

void CacheGroup::add(pid_t pid) const {
  if (!prepared_->open_place->add(pid)) throw Error("move to its cache group", claim_, ESRCH);
}

std::optional<rdt::DomainFigures> CacheGroup::figures(unsigned domain) const {
  const rdt::OpenPlace& place = *prepared_->open_place;
  return figures_in(place.monitor ? *place.monitor : place.group, domain);
}

void CacheGroup::hand_over(unsigned domain, unsigned keep) const {
  const auto lock = roots_.resctrl->lock();
  const rdt::Group& group = prepared_->open_place->group;
  const rdt::Group everybody = roots_.resctrl->default_group();
  const rdt::WayMask had(mask_of(group, domain));
  // The end of it that is not beside everybody's ways is kept, so that theirs stay in one piece.
  const rdt::WayMask theirs(mask_of(everybody, domain));
  const rdt::WayMask kept = !theirs.empty() && theirs.lowest() > had.highest()
                                ? had.lowest_ways(keep)
                                : had.highest_ways(keep);
  write_mask(group, domain, kept.bits());
  write_mask(everybody, domain, (theirs | had.minus(kept)).bits());
}

}  // namespace berth::cache_bench
