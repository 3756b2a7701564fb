// What is counted over simulated time, and how sure a rate is.
#pragma once

#include <array>
#include <vector>

#include "bench/rdt_simulate/cores.h"
#include "bench/rdt_simulate/figures.h"
#include "bench/rdt_simulate/node.h"
#include "rdt/layout.h"

namespace berth::rdt_simulate {

// A value over time.
class TimeMean {
 public:
  void begin(double now) { begin_ = since_ = now, sum_ = 0; }
  void set(double now, double value) {
    sum_ += (now - since_) * value_;
    since_ = now;
    value_ = value;
  }
  double value() const { return value_; }
  double mean(double now) const {
    return now > begin_ ? (sum_ + (now - since_) * value_) / (now - begin_) : value_;
  }

 private:
  double begin_ = 0, since_ = 0, value_ = 0, sum_ = 0;
};

class Occupancy {
 public:
  Occupancy(const Node& node, const rdt::Capability& capability, const rdt::Rules& rules);
  // Counts from now on.
  void begin(double now);
  void use_cores(double now, unsigned count) { cores_.set(now, cores_.value() + count); }
  void free_cores(double now, unsigned count) { cores_.set(now, cores_.value() - count); }
  // The layout is new in the domains of `parts`.
  void update(double now, const rdt::Layout& layout, const std::vector<Part>& parts);
  void add_to(Figures& figures, double now) const;

 private:
  struct Ways {
    unsigned idle = 0, stranded = 0, of_default = 0;
  };
  Ways look(const rdt::Layout& layout, size_t domain) const;

  const Node& node_;
  const rdt::Capability& capability_;
  const rdt::Rules rules_;
  std::vector<Ways> ways_;  // by domain
  TimeMean cores_, idle_, stranded_, default_, groups_;
  double begin_ = 0;
  unsigned most_groups_ = 0;
};

// Twenty batches of a stream of jobs: their rates are nearly independent, the jobs are not.
class Batches {
 public:
  explicit Batches(size_t jobs) : jobs_(jobs) {}
  void add(size_t job, bool refused);
  double margin() const;  // half of the 95% interval of the rate

 private:
  static constexpr size_t kCount = 20;
  struct Batch {
    double asked = 0, refused = 0;
  };
  size_t jobs_;
  std::array<Batch, kCount> batches_{};
};

}  // namespace berth::rdt_simulate
