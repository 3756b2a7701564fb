// A container's figures and its OOM kills, one JSON object a line, until it ends.
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <optional>

#include "base/error.h"
#include "base/process_identity.h"
#include "launcher/flag_value.h"
#include "launcher/rdt_stats.h"
#include "launcher/verbs/resource_verbs.h"
#include "runtime/cgroup/directory.h"
#include "runtime/resources/oom_events.h"
#include "runtime/resources/stats.h"

namespace berth::launcher {
namespace {

using Clock = std::chrono::steady_clock;
using runtime::resources::OomEvents;

void print(const std::string& line) {
  if (std::printf("%s\n", line.c_str()) < 0 || std::fflush(stdout) != 0) {
    throw Error("write", "standard output", errno);
  }
}

void print_stats(const ContainerCgroup& group) {
  const runtime::Record& record = group.container.record();
  runtime::resources::Stats stats = runtime::resources::read_stats(group.hierarchy, group.path());
  stats.rdt = rdt_stats_of(record);
  print(runtime::resources::stats_event(record.id, stats));
}

bool has_ended(const ContainerCgroup& group) {
  return group.container.status() == runtime::Status::stopped;
}

// Readable when its first process is gone. Nothing where it is gone already.
std::optional<UniqueFd> open_process(const ContainerCgroup& group) {
  auto process = berth::open_process(group.container.record().pid);
  // Only after it was opened is it known whose pid it is.
  return process && !has_ended(group) ? std::move(process) : std::nullopt;
}

std::optional<OomEvents> oom_events_of(const ContainerCgroup& group) {
  if (!runtime::cgroup::version_of(group.hierarchy, "memory")) return std::nullopt;
  return OomEvents(group.hierarchy, group.path());
}

int watch(const ContainerCgroup& group, std::chrono::milliseconds interval) {
  const auto process = open_process(group);
  if (!process) return 0;
  std::optional<OomEvents> oom = oom_events_of(group);
  Clock::time_point next = Clock::now() + interval;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now()).count();
    const auto wait = std::clamp<int64_t>(left, 0, INT32_MAX);
    pollfd waiting[] = {{process->get(), POLLIN, 0}, {oom ? oom->fd() : -1, POLLIN, 0}};
    if (::poll(waiting, 2, static_cast<int>(wait)) < 0 && errno != EINTR) {
      throw Error("poll", {}, errno);
    }
    if (oom && oom->take()) {
      print(runtime::resources::plain_event("oom", group.container.record().id));
    }
    if ((waiting[0].revents & POLLIN) != 0) return 0;
    if (Clock::now() < next) continue;
    print_stats(group);
    next += interval;
  }
}

}  // namespace

int events(const RuntimeOptions& runtime, const EventsOptions& options) {
  const auto interval = parse_duration("--interval", options.interval);
  const ContainerCgroup group = cgroup_of(runtime, options.id);
  if (has_ended(group)) throw Error("container with id " + options.id + " is not running");
  if (!options.once) return watch(group, interval);
  print_stats(group);
  return 0;
}

}  // namespace berth::launcher
