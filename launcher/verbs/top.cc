#include <unistd.h>

#include <cstdlib>
#include <string_view>

#include "launcher/known_machine.h"
#include "launcher/top_reading.h"
#include "launcher/verbs/node_verbs.h"
#include "launcher/watch.h"

namespace berth::launcher {
namespace {

// Opened anew each time: an open directory would keep resctrl from being unmounted.
TopSample read_sample(const topology::Machine& machine) {
  const auto resctrl = rdt::Resctrl::open();
  const auto claims = Claims::open_if_exists();
  return read_top(machine, claims ? &*claims : nullptr, resctrl ? &*resctrl : nullptr);
}

bool is_screen(int fd) {
  const char* terminal = std::getenv("TERM");
  return ::isatty(fd) == 1 && terminal != nullptr && std::string_view(terminal) != "dumb";
}

}  // namespace

int top(const TopOptions& options) {
  const topology::Machine machine = known_machine();
  WatchOptions watched;
  watched.interval = options.interval;
  watched.count = options.count;
  watched.order = options.order;
  if (options.format == Format::json) {
    watched.output = WatchOptions::Output::json;
  } else if (is_screen(STDOUT_FILENO)) {
    watched.output = WatchOptions::Output::screen;
  }
  return watch(
      watched, [&machine] { return read_sample(machine); }, STDIN_FILENO, STDOUT_FILENO);
}

}  // namespace berth::launcher
