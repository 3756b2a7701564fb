#include "bench/rdt_simulate/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <queue>
#include <span>
#include <string>
#include <utility>

#include "base/error.h"
#include "bench/rdt_simulate/occupancy.h"
#include "rdt/transition.h"

namespace berth::rdt_simulate {

namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t kChangesPerCheck = 64;

uint64_t nanoseconds(Clock::duration duration) {
  return static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count());
}

uint64_t quantile(std::vector<uint64_t> values, double q) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<long>(q * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, at);
  return *at;
}

std::string claim_of(size_t job) {
  return "job_" + std::to_string(job);
}

struct Running {
  std::vector<Part> parts;
  bool claims = false;  // it is in the layout
};

class Replay {
 public:
  Replay(const Node& node, const Policy& policy, std::span<const Job> jobs, size_t warm_up)
      : node_(node),
        asking_(node, policy),
        jobs_(jobs),
        warm_up_(warm_up),
        cores_(node.shape.domains.size(), node.cores_per_l3),
        kernel_(asking_.capability(), {}),
        occupancy_(node, asking_.capability(), policy.rules),
        running_(jobs.size()),
        batches_(jobs.size() - warm_up) {
    times_.reserve(jobs.size());
  }

  Outcome run() {
    for (size_t job = 0; job < jobs_.size(); ++job) {
      while (!departures_.empty() && departures_.top().first <= jobs_[job].arrival) depart();
      now_ = jobs_[job].arrival;
      if (job == warm_up_) occupancy_.begin(now_);
      arrive(job);
    }
    occupancy_.add_to(figures_, now_);
    figures_.rate_margin = batches_.margin();
    while (!departures_.empty()) depart();
    if (kernel_.state().default_group != rdt::MaskKernel(asking_.capability(), {}).control("")) {
      throw Error("the default group does not have its ways again");
    }
    return {figures_, {quantile(times_, 0.5), quantile(times_, 0.99)}};
  }

 private:
  bool counted(size_t job) const { return job >= warm_up_; }

  void arrive(size_t job) {
    figures_.jobs += counted(job);
    auto parts = cores_.take(jobs_[job].cores);
    if (!parts) {
      figures_.no_cores += counted(job);
      return;
    }
    const bool claims = jobs_[job].ways.has_value();
    if (claims && !ask(job, *parts)) {
      cores_.give_back(*parts);
      return;
    }
    occupancy_.use_cores(now_, jobs_[job].cores);
    running_[job] = {std::move(*parts), claims};
    departures_.emplace(now_ + jobs_[job].hours, job);
  }

  // False where it was refused.
  bool ask(size_t job, const std::vector<Part>& parts) {
    const rdt::Wish wish = wish_of(jobs_[job], node_, parts);
    const std::string claim = claim_of(job);
    rdt::Layout base = layout_;
    if (base.groups.empty()) base.original = kernel_.state().default_group.masks;
    const rdt::Rules& rules = asking_.policy().rules;
    const Question question = asking_.question(base, wish);
    std::vector<rdt::Step> steps;
    const Clock::time_point begin = Clock::now();
    auto answer =
        rdt::allocate(*question.capability, base, question.foreign, claim, "job", wish, rules);
    rdt::Grant* grant = std::get_if<rdt::Grant>(&answer);
    if (grant != nullptr) {
      steps = rdt::transition(asking_.capability(), kernel_.state(), grant->layout);
    }
    const Clock::time_point end = Clock::now();
    if (counted(job)) {
      times_.push_back(nanoseconds(end - begin));
      count(job, wish, grant == nullptr);
    }
    if (grant == nullptr) {
      if (counted(job)) count(reason_of(asking_.capability(), base, wish, rules));
      return false;
    }
    if (counted(job)) count(*grant);
    // Moves are rare, and the hardest to get right.
    change(claim, std::move(grant->layout), steps, parts, !grant->moved.empty());
    return true;
  }

  void depart() {
    const auto [time, job] = departures_.top();
    departures_.pop();
    now_ = time;
    const Running left = std::exchange(running_[job], {});
    cores_.give_back(left.parts);
    occupancy_.free_cores(now_, jobs_[job].cores);
    if (!left.claims) return;
    const std::string claim = claim_of(job);
    rdt::Layout rest = layout_.without(claim);
    const auto steps = rdt::transition(asking_.capability(), kernel_.state(), rest);
    change(claim, std::move(rest), steps, left.parts, false);
  }

  void count(size_t job, const rdt::Wish& wish, bool refused) {
    const unsigned ways = ways_needed(node_, *asking_.capability().caches.l3, wish);
    ++figures_.asked;
    figures_.ways_asked += ways;
    figures_.ways_refused += refused ? ways : 0;
    batches_.add(job - warm_up_, refused);
  }

  void count(Reason reason) {
    figures_.refused.ways += reason == Reason::ways;
    figures_.refused.fragmentation += reason == Reason::fragmentation;
    figures_.refused.groups += reason == Reason::groups;
  }

  void count(const rdt::Grant& grant) {
    figures_.packed += grant.packed;
    figures_.moves += grant.moved.size();
    for (const rdt::Moved& moved : grant.moved) figures_.ways_moved += moved.from.count();
  }

  // `claim` comes or goes; its cores, and all moves, are in `parts`.
  void change(const std::string& claim, rdt::Layout to, const std::vector<rdt::Step>& steps,
              const std::vector<Part>& parts, bool moves) {
    const bool looked_at = ++changes_ % kChangesPerCheck == 0 || moves;
    const rdt::Layout staying = looked_at ? to.without(claim) : rdt::Layout();
    for (const rdt::Step& step : steps) {
      const std::string refused = kernel_.apply(step);
      expect(refused, step);
      if (looked_at) {
        expect(rdt::broken_promise(asking_.capability(), node_.shape, staying, kernel_), step);
      }
    }
    layout_ = std::move(to);
    if (looked_at) {
      const auto rest = rdt::transition(asking_.capability(), kernel_.state(), layout_);
      if (!rest.empty()) expect("the kernel is not as the layout", rest.front());
      figures_.checks += 1;
    }
    occupancy_.update(now_, layout_, parts);
  }

  void expect(const std::string& nothing, const rdt::Step& step) const {
    if (nothing.empty()) return;
    throw Error(fmt::format("{}, {}: after '{}': {}", node_.name, asking_.policy().name,
                            rdt::to_string(step), nothing));
  }

  const Node& node_;
  const Asking asking_;
  const std::span<const Job> jobs_;
  const size_t warm_up_;
  Cores cores_;
  rdt::MaskKernel kernel_;
  rdt::Layout layout_;
  Occupancy occupancy_;
  std::vector<Running> running_;  // by job
  using Departure = std::pair<double, size_t>;
  std::priority_queue<Departure, std::vector<Departure>, std::greater<>> departures_;
  double now_ = 0;
  size_t changes_ = 0;
  Batches batches_;
  std::vector<uint64_t> times_;
  Figures figures_;
};

}  // namespace

Outcome replay(const Node& node, const Policy& policy, const std::vector<Job>& jobs,
               size_t warm_up) {
  return Replay(node, policy, jobs, warm_up).run();
}

uint64_t clock_cost() {
  std::vector<uint64_t> costs(10'001);
  for (uint64_t& cost : costs) {
    const Clock::time_point begin = Clock::now();
    cost = nanoseconds(Clock::now() - begin);
  }
  return quantile(std::move(costs), 0.5);
}

}  // namespace berth::rdt_simulate
