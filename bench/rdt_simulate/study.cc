#include "bench/rdt_simulate/study.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

namespace berth::rdt_simulate {

namespace {

constexpr double kHoursPerYear = 365.25 * 24;

// Does `work(i)` for all i below `count`; throws what the first to fail threw.
template <class Work>
void for_all(size_t count, unsigned threads, const Work& work) {
  std::atomic<size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto worker = [&] {
    for (size_t i = next++; i < count; i = next++) {
      try {
        work(i);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (!failure) failure = std::current_exception();
        next = count;
      }
    }
  };
  {
    std::vector<std::jthread> others;
    for (unsigned i = 1; i < threads; ++i) others.emplace_back(worker);
    worker();
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

Study run(const Plan& plan) {
  Study study{plan, clock_cost(), {}};
  for (size_t node = 0; node < plan.nodes.size(); ++node) {
    for (const double load : plan.loads) {
      for (size_t policy = 0; policy < plan.policies.size(); ++policy) {
        study.rows.push_back({node, policy, load, {}});
      }
    }
  }
  // A node's policies under one load share their stream.
  const size_t policies = plan.policies.size();
  for_all(study.rows.size() / policies, plan.threads, [&](size_t group) {
    Row* first = &study.rows[group * policies];
    const Node& node = plan.nodes[first->node];
    const auto jobs = make_jobs(node, plan.mix, first->load, plan.jobs + plan.warm_up(), plan.seed);
    for (size_t i = 0; i < policies; ++i) {
      first[i].outcome = replay(node, plan.policies[i], jobs, plan.warm_up());
    }
  });
  return study;
}

double Study::node_years() const {
  double hours = 0;
  for (const Row& row : rows) hours += row.outcome.figures.hours;
  return hours / kHoursPerYear;
}

uint64_t Study::jobs() const {
  uint64_t jobs = 0;
  for (const Row& row : rows) jobs += row.outcome.figures.jobs;
  return jobs;
}

}  // namespace berth::rdt_simulate
