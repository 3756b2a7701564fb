#include "base/step_times.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstring>

#include "base/error.h"

namespace berth {
namespace {

constexpr uint32_t kMost = 100;

// Shared with the children, to whom the literals have the same addresses.
struct Page {
  pid_t owner = 0;
  int64_t begin = 0;
  const char* awaited = nullptr;
  void (*then)() = nullptr;
  std::atomic<uint32_t> count = 0;
  StepTime steps[kMost];
};

Page*& page() {
  static Page* instance = nullptr;  // set once, by the program that wants them
  return instance;
}

}  // namespace

int64_t monotonic_nanoseconds() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

void begin_step_times(int64_t since) {
  void* const memory =
      ::mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw Error("map memory for the times of steps", {}, errno);
  page() = new (memory) Page;
  page()->owner = ::getpid();
  page()->begin = since == 0 ? monotonic_nanoseconds() : since;
}

void at_step(const char* name, void (*then)()) {
  Page* const shared = page();
  if (shared == nullptr) return;
  shared->awaited = name;
  shared->then = then;
}

void step_done(const char* name) noexcept {
  Page* const shared = page();
  if (shared == nullptr) return;
  const uint32_t index = shared->count.fetch_add(1);
  if (index < kMost) {
    shared->steps[index] = {name, ::getpid() != shared->owner,
                            (monotonic_nanoseconds() - shared->begin) / 1000};
  }
  if (shared->awaited != nullptr && std::strcmp(name, shared->awaited) == 0) shared->then();
}

std::vector<StepTime> step_times() {
  const Page* const shared = page();
  if (shared == nullptr) return {};
  const uint32_t count = std::min(shared->count.load(), kMost);
  std::vector<StepTime> steps(shared->steps, shared->steps + count);
  // A child that was killed between the two halves of a note left none.
  std::erase_if(steps, [](const StepTime& step) { return step.name == nullptr; });
  std::ranges::sort(steps, {}, &StepTime::microseconds);
  return steps;
}

std::string step_time_lines() {
  std::string lines;
  int64_t before = 0;
  for (const StepTime& step : step_times()) {
    char line[200];
    std::snprintf(line, sizeof line, "berth: %7lld us %+7lld  %s%s\n",
                  static_cast<long long>(step.microseconds),
                  static_cast<long long>(step.microseconds - before), step.child ? "  " : "",
                  step.name);
    lines += line;
    before = step.microseconds;
  }
  return lines;
}

}  // namespace berth
