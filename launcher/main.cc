// The `berth` program: as a task's launcher, as the maker of a step's user namespace, or by its
// verbs.
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <exception>
#include <string_view>

#include "base/error.h"
#include "base/one_line.h"
#include "base/step_times.h"
#include "launcher/cli.h"
#include "launcher/handoff.h"
#include "launcher/step_namespace.h"
#include "launcher/task.h"
#include "runtime/container/enter.h"
#include "runtime/process/descriptors.h"
#include "runtime/process/sealed_program.h"

namespace {

using namespace berth;

std::vector<std::string> environment_strings() {
  std::vector<std::string> result;
  for (char** variable = ::environ; *variable != nullptr; ++variable) result.push_back(*variable);
  return result;
}

std::string working_directory() {
  char buffer[PATH_MAX];
  return ::getcwd(buffer, sizeof buffer) != nullptr ? buffer : "/";
}

// Its steps are told right before the program takes this process' place.
void trace_times_of_task() {
  const char* const text = ::getenv(launcher::kTraceTimeVariable);
  if (text == nullptr) return;
  const std::string_view number = text;
  int64_t since = 0;
  const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), since);
  if (failure != std::errc{} || end != number.data() + number.size() || since <= 0) return;
  begin_step_times(since);
  at_step(runtime::kLastStep, [] { std::fputs(step_time_lines().c_str(), stderr); });
  step_done("launcher started");
}

[[noreturn]] void be_task(std::string_view number, std::vector<int> descriptors) {
  int socket = -1;
  const auto [end, failure] = std::from_chars(number.data(), number.data() + number.size(), socket);
  if (failure != std::errc{} || end != number.data() + number.size() || socket < 3) {
    throw Error(std::string(launcher::kHandoffVariable) + ": '" + std::string(number) +
                "' is not a descriptor's number");
  }
  trace_times_of_task();
  set_inheritable(socket, false);
  std::erase(descriptors, socket);
  launcher::run_task(socket, {environment_strings(), working_directory(), std::move(descriptors)});
}

// Which of our processes a container's may see as one of its own. A word that only looks like such
// a verb costs an execve.
bool enters_container(int argc, char** argv, char** environment) {
  constexpr auto kVerbs = std::to_array<std::string_view>({"create", "exec", "launch", "run"});
  const std::string_view handoff = launcher::kHandoffVariable;
  for (; *environment != nullptr; ++environment) {
    const std::string_view variable = *environment;
    if (variable.starts_with(handoff) && variable.substr(handoff.size()).starts_with('=')) {
      return true;
    }
  }
  return std::any_of(argv + 1, argv + argc, [&](const char* word) {
    return std::ranges::find(kVerbs, word) != kVerbs.end();
  });
}

void seal_early(int argc, char** argv, char** environment) {
  if (argc > 0 && enters_container(argc, argv, environment)) {
    runtime::process::seal_program_early(argv, environment);
  }
}

#ifndef __SANITIZE_ADDRESS__
// Called by the dynamic linker before any constructor (System V gABI, "Initialization and
// Termination Functions").
[[gnu::section(".preinit_array"), gnu::used]] void (*const kBeforeAll)(int, char**,
                                                                       char**) = seal_early;
#endif

// Whether descriptors of the caller may become a program's. To list them costs more than most of
// what else happens before a container is made.
bool may_pass_descriptors(int argc, char** argv) {
  if (::getenv(launcher::kHandoffVariable) != nullptr || ::getenv("LISTEN_FDS") != nullptr) {
    return true;
  }
  return std::any_of(argv + 1, argv + argc, [](const std::string_view word) {
    return word == "launch" || word.starts_with("--preserve-fds");
  });
}

int run(int argc, char** argv) {
  if (argc > 0 && enters_container(argc, argv, ::environ)) runtime::process::seal_program(argv);
  std::vector<int> descriptors;
  if (argc > 0 && may_pass_descriptors(argc, argv)) descriptors = runtime::open_descriptors();
  if (const char* socket = ::getenv(launcher::kHandoffVariable)) {
    be_task(socket, std::move(descriptors));
  }
  if (argc >= 3 && std::string_view(argv[1]) == launcher::kStepNamespaceVerb) {
    const bool keep_ids = argc > 3 && std::string_view(argv[3]) == launcher::kKeepIds;
    return launcher::serve_step_namespace(argv[2], keep_ids, launcher::kStepNamespaceFd);
  }
  return launcher::command_line(argc, argv, descriptors);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const runtime::EnterFailure& e) {
    std::fprintf(stderr, "berth: %s\n", one_line(e.what()).c_str());
    ::_exit(e.exit_code());  // half inside a container: no clean-up of ours may run here
  } catch (const std::exception& e) {
    std::fprintf(stderr, "berth: %s\n", one_line(e.what()).c_str());
    return runtime::kExitBerthFailed;
  }
}
