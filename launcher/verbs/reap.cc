#include <unistd.h>

#include <cstdio>

#include "base/error.h"
#include "launcher/prepare.h"
#include "launcher/verbs/verbs.h"

namespace berth::launcher {

int reap() {
  if (::geteuid() != 0) throw Error("reap needs root");
  if (!Claims::open_if_exists()) {
    std::puts("nothing to do");
    return 0;
  }
  const std::vector<std::string> done = reap(Roots::open());
  for (const std::string& line : done) std::puts(line.c_str());
  if (done.empty()) std::puts("nothing to do");
  return 0;
}

}  // namespace berth::launcher
