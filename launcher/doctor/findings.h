// `berth doctor`: what the facts mean, and what to do about it. Pure.
#pragma once

#include <string>
#include <vector>

#include "launcher/doctor/facts.h"

namespace berth::launcher {

enum class Level { ok, note, problem };

struct Finding {
  Level level = Level::ok;
  std::string subject;  // `cpu`, `mount`, `group COS1`
  std::string text;     // one line
  std::string next;     // what to do, a command where there is one; never empty but with `ok`
  bool operator==(const Finding&) const = default;
};

std::vector<Finding> examine(const DoctorFacts& facts);

// The parts of it, in this order.
void examine_hardware(const DoctorFacts& facts, std::vector<Finding>& findings);
void examine_resources(const DoctorFacts& facts, std::vector<Finding>& findings);
void examine_groups(const DoctorFacts& facts, std::vector<Finding>& findings);
void examine_state(const DoctorFacts& facts, std::vector<Finding>& findings);
void examine_policy(const DoctorFacts& facts, std::vector<Finding>& findings);

// A line for each finding, and one more for what to do about it.
std::string to_text(const std::vector<Finding>& findings);
std::string to_json(const std::vector<Finding>& findings);
bool any_problem(const std::vector<Finding>& findings);

}  // namespace berth::launcher
