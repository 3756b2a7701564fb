#include <cstdio>

#include "launcher/verbs/verbs.h"

namespace berth::launcher {

int policy_check(const std::string& file, bool required) {
  const Policy policy = load_policy(file, required);
  std::fputs(to_json(policy).c_str(), stdout);
  return 0;
}

}  // namespace berth::launcher
