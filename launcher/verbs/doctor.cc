#include <cstdio>

#include "launcher/doctor/findings.h"
#include "launcher/verbs/node_verbs.h"

namespace berth::launcher {

int doctor(Format format) {
  // Not what was remembered: that may be what is wrong.
  const topology::Machine machine = topology::Machine::load();
  const auto resctrl = rdt::Resctrl::open();
  const std::vector<Finding> findings = examine(gather(machine, resctrl ? &*resctrl : nullptr));
  std::fputs((format == Format::json ? to_json(findings) : to_text(findings)).c_str(), stdout);
  return any_problem(findings) ? 1 : 0;
}

}  // namespace berth::launcher
