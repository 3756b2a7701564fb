#include <unistd.h>

#include <cstdio>

#include "base/error.h"
#include "launcher/prepare.h"
#include "launcher/verbs/launch_service.h"
#include "launcher/verbs/verbs.h"

namespace berth::launcher {

int reap() {
  if (::geteuid() != 0) throw Error("reap needs root");
  std::vector<std::string> done;
  if (Claims::open_if_exists()) done = reap(Roots::open());
  for (std::string& line : reap_launch_services()) done.push_back(std::move(line));
  for (const std::string& line : done) std::puts(line.c_str());
  if (done.empty()) std::puts("nothing to do");
  return 0;
}

}  // namespace berth::launcher
