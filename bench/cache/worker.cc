#include "bench/cache/worker.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "bench/cache/aggressors.h"
#include "bench/cache/victims.h"
#include "topology/cpu_set.h"

namespace berth::cache_bench {
namespace {

using nlohmann::json;
using std::chrono::milliseconds, std::chrono::nanoseconds, std::chrono::seconds;

constexpr seconds kPatience{60};

json to_json(const VictimResult& result) {
  json latencies = json::array();
  for (const auto& [value, times] : result.latencies) latencies.push_back({value, times});
  return {{"nanoseconds", result.nanoseconds}, {"steps", result.steps},
          {"seconds", result.seconds},         {"latencies", std::move(latencies)},
          {"saturated", result.saturated},     {"switches", result.involuntary_switches}};
}

VictimResult victim_result(const json& from) {
  VictimResult result;
  result.nanoseconds = from.at("nanoseconds");
  result.steps = from.at("steps");
  result.seconds = from.at("seconds");
  for (const json& count : from.at("latencies")) {
    result.latencies.push_back({count.at(0), count.at(1)});
  }
  result.saturated = from.at("saturated");
  result.involuntary_switches = from.at("switches");
  return result;
}

void expect(std::string_view word) {
  std::string line;
  if (!std::getline(std::cin, line) || line != word) {
    throw Error(fmt::format("expected '{}' from the experiment", word));
  }
}

void say(std::string_view line) {
  write_all(STDOUT_FILENO, fmt::format("{}\n", line), "the experiment");
}

void ready() {
  say("ready");
  expect("go");
}

bool input_has_ended() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return ::poll(&input, 1, 0) > 0;  // nothing is said after `go`, so it can only be the end
}

json run(const json& task) {
  if (task.contains("victim")) {
    VictimTask victim{victim_of("victim", task.at("victim").get<std::string>()),
                      task.at("bytes"),
                      milliseconds(task.at("warm_up_ms")),
                      milliseconds(task.at("run_ms")),
                      task.at("seed"),
                      nanoseconds(task.at("interval_ns"))};
    return to_json(run_victim(victim, ready));
  }
  const AggressorTask aggressor{aggressor_of("aggressor", task.at("aggressor").get<std::string>()),
                                task.at("bytes"), task.at("seed")};
  const AggressorResult result = run_aggressor(aggressor, ready, input_has_ended);
  return {{"bytes", result.bytes}, {"seconds", result.seconds}};
}

struct ToJson {
  json operator()(const VictimTask& task) const {
    return {{"victim", name_of(task.kind)},
            {"bytes", task.bytes},
            {"warm_up_ms", task.warm_up.count()},
            {"run_ms", task.run.count()},
            {"seed", task.seed},
            {"interval_ns", task.interval.count()}};
  }
  json operator()(const AggressorTask& task) const {
    return {{"aggressor", name_of(task.kind)}, {"bytes", task.bytes}, {"seed", task.seed}};
  }
};

struct NameOf {
  std::string operator()(const VictimTask& task) const {
    return fmt::format("victim {}", name_of(task.kind));
  }
  std::string operator()(const AggressorTask& task) const {
    return fmt::format("aggressor {}", name_of(task.kind));
  }
};

}  // namespace

std::string to_text(const Task& task, unsigned cpu) {
  json text = std::visit(ToJson{}, task);
  text["cpu"] = cpu;
  return text.dump();
}

int work(const std::string& word) {
  try {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    expect("begin");
    const json task = json::parse(word);
    topology::bind_to({task.at("cpu").get<unsigned>()});
    say(run(task).dump());
    return 0;
  } catch (const std::exception& e) {
    say(fmt::format("error: {}", e.what()));
    return 1;
  }
}

Worker::Worker(const Task& task, unsigned cpu) : name_(std::visit(NameOf{}, task)) {
  std::string word = to_text(task, cpu);
  std::string program = "/proc/self/exe", verb = "worker";
  std::array<char*, 4> argv{program.data(), verb.data(), word.data(), nullptr};
  Pipe in = make_pipe(), out = make_pipe();
  pid_ = check(::fork(), "start", name_);
  if (pid_ == 0) {
    if (::dup2(in.read.get(), STDIN_FILENO) >= 0 && ::dup2(out.write.get(), STDOUT_FILENO) >= 0) {
      ::execv(program.c_str(), argv.data());
    }
    ::_exit(127);
  }
  to_ = std::move(in.write);
  from_ = std::move(out.read);
}

Worker::Worker(Worker&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      to_(std::move(other.to_)),
      from_(std::move(other.from_)),
      name_(std::move(other.name_)),
      heard_(std::move(other.heard_)) {}

Worker::~Worker() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Worker::tell(std::string_view line) {
  write_all(to_.get(), fmt::format("{}\n", line), name_);
}

std::string Worker::hear(seconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  size_t newline = std::string::npos;
  while ((newline = heard_.find('\n')) == std::string::npos) {
    pollfd output{from_.get(), POLLIN, 0};
    const auto left =
        std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) throw Error(fmt::format("{}: silent for {} s", name_, patience.count()));
    if (check(::poll(&output, 1, static_cast<int>(left.count())), "wait for", name_) == 0) continue;
    std::array<char, 65536> piece{};
    const ssize_t got = check(::read(from_.get(), piece.data(), piece.size()), "read", name_);
    if (got == 0) throw Error(fmt::format("{}: ended without a word", name_));
    heard_.append(piece.data(), static_cast<size_t>(got));
  }
  std::string line = heard_.substr(0, newline);
  heard_.erase(0, newline + 1);
  constexpr std::string_view kError = "error: ";
  if (line.starts_with(kError)) throw Error(line.substr(kError.size())).within(name_);
  return line;
}

void Worker::begin() {
  tell("begin");
}

void Worker::wait_ready() {
  (void)hear(kPatience);
}

void Worker::go() {
  tell("go");
}

std::string Worker::result() {
  std::string line = hear(kPatience);
  ::waitpid(std::exchange(pid_, -1), nullptr, 0);
  return line;
}

VictimResult Worker::wait_victim() {
  return victim_result(json::parse(result()));
}

AggressorResult Worker::stop_aggressor() {
  to_.reset();
  const json from = json::parse(result());
  return {from.at("bytes"), from.at("seconds")};
}

}  // namespace berth::cache_bench
