#include "launcher/watch.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <signal.h>

#include <cctype>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "launcher/screen.h"
#include "launcher/top_text.h"

namespace berth::launcher {
namespace {

using Clock = std::chrono::steady_clock;

std::string clock_text(const TopSample& sample) {
  return fmt::format("{:%F %T}", fmt::localtime(std::chrono::system_clock::to_time_t(sample.date)));
}

const char* order_text(TopOrder order) {
  switch (order) {
    case TopOrder::bandwidth:
      return "bandwidth";
    case TopOrder::occupancy:
      return "occupancy";
    case TopOrder::name:
      break;
  }
  return "name";
}

// The readings, the last two of which make the rates.
class Readings {
 public:
  explicit Readings(const std::function<TopSample()>& read) : read_(read) { next(); }
  void next() {
    before_ = std::move(now_);
    now_ = read_();
  }
  const TopSample* before() const { return before_ ? &*before_ : nullptr; }
  const TopSample& now() const { return *now_; }
  std::vector<TopRow> rows(TopOrder order) const {
    std::vector<TopRow> rows = top_rows(before(), now());
    sort_rows(rows, order);
    return rows;
  }

 private:
  const std::function<TopSample()>& read_;
  std::optional<TopSample> before_, now_;
};

std::string block(const Readings& readings, const WatchOptions& options) {
  const std::vector<TopRow> rows = readings.rows(options.order);
  if (options.output == WatchOptions::Output::json) {
    return top_json(readings.before(), readings.now(), rows);
  }
  std::string text = clock_text(readings.now()) + "\n";
  for (const std::string& line : top_table(rows)) text += line + "\n";
  return text + "\n";
}

int print_blocks(const WatchOptions& options, Readings& readings, int out) {
  Clock::time_point next = Clock::now();
  for (uint64_t shown = 0; !options.count || shown < *options.count; ++shown) {
    // Not one after another where the machine stood still for a while.
    next = std::max(next + options.interval, Clock::now());
    std::this_thread::sleep_until(next);
    readings.next();
    try {
      write_all(out, block(readings, options), "the output");
    } catch (const Error& e) {
      if (e.code() == EPIPE) return 0;
      throw;
    }
  }
  return 0;
}

class Page {
 public:
  Page(const WatchOptions& options, Readings& readings, int in, int out)
      : options_(options), readings_(readings), screen_(in, out), order_(options.order) {}

  int run() {
    for (uint64_t shown = 1;; ++shown) {
      draw();
      const Clock::time_point until = Clock::now() + options_.interval;
      if (options_.count && shown >= *options_.count) return 0;
      if (const auto status = keys_until(until)) return *status;
      readings_.next();
    }
  }

 private:
  void draw() const {
    const Screen::Size size = screen_.size();
    const double seconds = std::chrono::duration<double>(options_.interval).count();
    const std::string title =
        fmt::format("berth top  {}  every {:g} s  by {} (b o n: sort, q: quit)",
                    clock_text(readings_.now()), seconds, order_text(order_));
    screen_.draw(top_frame(readings_.rows(order_), title, size.width, size.height));
  }

  std::optional<int> keys_until(Clock::time_point until) {
    using Kind = Screen::Event::Kind;
    while (true) {
      const Screen::Event event = screen_.wait(until);
      switch (event.kind) {
        case Kind::time_out:
          return std::nullopt;
        case Kind::hung_up:
          return 0;
        case Kind::signal:
          return event.value == SIGINT ? 0 : 128 + event.value;
        case Kind::resized:
          break;
        case Kind::key:
          if (std::tolower(event.value) == 'q') return 0;
          if (!choose(event.value)) continue;
      }
      draw();
    }
  }

  bool choose(int key) {
    for (const TopOrder order : {TopOrder::bandwidth, TopOrder::occupancy, TopOrder::name}) {
      if (std::tolower(key) != order_text(order)[0]) continue;
      order_ = order;
      return true;
    }
    return false;
  }

  const WatchOptions& options_;
  Readings& readings_;
  Screen screen_;
  TopOrder order_;
};

}  // namespace

int watch(const WatchOptions& options, const std::function<TopSample()>& read, int in, int out) {
  Readings readings(read);
  if (options.output != WatchOptions::Output::screen) return print_blocks(options, readings, out);
  return Page(options, readings, in, out).run();
}

}  // namespace berth::launcher
