// A node on which claims come and go at random, and a kernel that is nothing but masks: what the
// layouts' promises are held against.
#pragma once

#include <map>
#include <random>
#include <string>
#include <vector>

#include "rdt/allocate.h"
#include "rdt/transition.h"

namespace berth::rdt {

struct Shape {
  const char* name;
  uint64_t full = 0x7ff, shareable = 0x600;
  unsigned min_ways = 1;
  std::vector<unsigned> domains = {0, 1};
  unsigned max_groups = 15;
  bool sparse = false, code_data = false;
  uint64_t l2_full = 0;  // 0: no L2 CAT; two L2 domains below each L3
  bool bandwidth = true;
  bool foreign = false;  // another program's group has ways
  bool visitor = false;  // one comes and goes, in the kernel's mode `exclusive`
  Rules rules = {};
};

Capability capability_of(const Shape& shape);

// The masks and figures that a kernel holds, changed by steps alone.
class MaskKernel {
 public:
  MaskKernel(const Capability& capability, std::vector<Foreign> foreign);
  // Empty, or why the kernel would refuse it.
  std::string apply(const Step& step);
  // Another program's group comes, and goes.
  void visit(Foreign stranger) { state_.foreign.push_back(std::move(stranger)); }
  void leave(const std::string& stranger);
  const KernelState& state() const { return state_; }
  // Of a group that is there; "" is the default one.
  const Control& control(const std::string& group) const;

 private:
  Control* find(const std::string& group);
  std::string write(Control& control, const Schemata& lines);
  std::string overlap_of(const std::string& group, const Control& control) const;
  const Capability* capability_;
  KernelState state_;
};

// A wish at random; `in` are the positions of the L3 domains that it has CPUs in.
Wish random_wish(std::mt19937& random, const Shape& shape, const std::vector<size_t>& in);
std::vector<size_t> random_domains(std::mt19937& random, const Shape& shape);

// What is wrong with the kernel's state for those who hold something in `held`, a layout all of
// whose members are running; empty where nothing is.
std::string broken_promise(const Capability& capability, const Shape& shape, const Layout& held,
                           const MaskKernel& kernel);

}  // namespace berth::rdt
