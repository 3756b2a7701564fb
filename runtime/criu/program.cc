#include "runtime/criu/program.h"

#include <fcntl.h>
#include <sys/wait.h>

#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/one_line.h"
#include "base/run_program.h"
#include "base/trace.h"
#include "runtime/criu/log.h"
#include "runtime/criu/worker.h"

namespace berth::runtime::criu {
namespace {

// From here on it stops a container by v2's freezer, too.
constexpr int kOldest = 31400;
constexpr const char* kOldestText = "3.14";
constexpr size_t kLargestLog = size_t{64} << 20;

bool succeeded(int status) {
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::string end_of(int status) {
  return WIFSIGNALED(status) ? "killed by signal " + std::to_string(WTERMSIG(status))
                             : "exit status " + std::to_string(WEXITSTATUS(status));
}

// Nothing where it ended before it had one.
std::optional<std::string> text_of_log(const std::string& log) {
  if (log.empty()) return std::nullopt;
  try {
    return read_file(AT_FDCWD, log, kLargestLog);
  } catch (const Error&) {
    return std::nullopt;
  }
}

Finished ask(const std::string& name, const char* what) {
  try {
    return run_program({name, what});
  } catch (const Error& e) {
    throw Error(std::string("this takes the program criu, ") + kOldestText +
                " or newer: " + e.message());
  }
}

void trace_words(const std::vector<std::string>& words) {
  if (!tracing()) return;
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + word;
  trace("run " + line);
}

}  // namespace

int parse_version(std::string_view output) {
  constexpr std::string_view kKey = "Version: ";
  const size_t at = output.find(kKey);
  if (at == std::string_view::npos) return 0;
  output.remove_prefix(at + kKey.size());
  int version = 0;
  for (const int place : {10000, 100, 1}) {
    int part = 0;
    const auto [end, code] = std::from_chars(output.data(), output.data() + output.size(), part);
    if (code != std::errc()) break;
    version += place * part;
    output.remove_prefix(static_cast<size_t>(end - output.data()));
    if (!output.starts_with('.')) break;
    output.remove_prefix(1);
  }
  return version;
}

Program Program::find(const std::string& name) {
  const Finished said = ask(name, "--version");
  const int version = parse_version(said.output);
  if (version < kOldest) {
    const std::string line = one_line(said.output.substr(0, said.output.find('\n')));
    throw Error("criu " + std::string(kOldestText) + " or newer is wanted: '" + name +
                " --version' says '" + line + "'");
  }
  const Finished checked = ask(name, "check");
  if (!succeeded(checked.status)) {
    throw Error("criu cannot work on this kernel: " +
                failure("check", checked.status, "", checked.output));
  }
  return Program(name);
}

void Program::run(const std::vector<std::string>& words, const std::string& log) const {
  std::vector<std::string> all{name_};
  all.insert(all.end(), words.begin(), words.end());
  trace_words(all);
  const Finished finished = run_program(all);
  if (!succeeded(finished.status)) {
    throw Error(failure(words.front(), finished.status, log, finished.output));
  }
}

void Program::run_as_worker(const std::vector<std::string>& words, const std::string& log) const {
  const Order order(words);
  SocketPair pair = socket_pair();
  set_inheritable(pair.second.get(), true);
  trace_words(words);
  order.pass_images_on();
  // A dump has no notices, so it needs nobody to talk to while it works.
  send_message(pair.first.get(), order.request());
  const Finished finished = run_program(order.words(name_, pair.second.get()));
  pair.second.reset();
  if (!decode(receive_message(pair.first.get()).bytes).success) {
    throw Error(failure(words.front(), finished.status, log, finished.output));
  }
}

std::string failure(const std::string& act, int status, const std::string& log,
                    const std::string& output) {
  const std::optional<std::string> text = text_of_log(log);
  std::string why = telling_line(text.value_or(""));
  if (why.empty()) why = telling_line(output);
  if (why.empty()) why = end_of(status);
  std::string line = "criu " + act + ": " + why;
  if (text) line += " (all of it in '" + log + "')";
  return line;
}

}  // namespace berth::runtime::criu
