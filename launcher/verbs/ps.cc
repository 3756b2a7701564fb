// A container's processes: their pids, or the lines that ps(1) has for them.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/run_program.h"
#include "launcher/verbs/container_of.h"
#include "launcher/verbs/resource_verbs.h"

namespace berth::launcher {
namespace {

constexpr size_t kMostOutput = size_t{64} << 20;

// What `ps` prints, errors included.
std::string output_of_ps(const std::vector<std::string>& words) {
  std::vector<std::string> line = {"ps"};
  line.insert(line.end(), words.begin(), words.end());
  const Finished ps = run_program(line, kMostOutput);
  if (ps.status == 0) return ps.output;
  throw Error("ps failed: " + ps.output.substr(0, ps.output.find('\n')));
}

std::vector<std::string> fields_of(const std::string& line) {
  std::istringstream stream(line);
  std::vector<std::string> fields;
  for (std::string field; stream >> field;) fields.push_back(field);
  return fields;
}

void print_lines(const std::string& text, const std::vector<pid_t>& pids) {
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  const std::vector<std::string> titles = fields_of(line);
  const auto column = static_cast<size_t>(std::ranges::find(titles, "PID") - titles.begin());
  if (column == titles.size()) throw Error("couldn't find PID field in ps output");
  std::printf("%s\n", line.c_str());
  while (std::getline(lines, line)) {
    const std::vector<std::string> fields = fields_of(line);
    if (fields.size() <= column) continue;
    const std::string& field = fields[column];
    pid_t pid = 0;
    std::from_chars(field.data(), field.data() + field.size(), pid);
    if (std::ranges::find(pids, pid) != pids.end()) std::printf("%s\n", line.c_str());
  }
}

}  // namespace

int ps(const RuntimeOptions& runtime, const PsOptions& options) {
  const bool as_json = options.format == "json";
  if (!as_json && options.format != "table") {
    throw Error("--format: '" + options.format + "' is not table or json");
  }
  const runtime::Container container = container_of(runtime, options.id);
  const bool stopped = container.status() == runtime::Status::stopped;
  const std::vector<pid_t> pids = stopped ? std::vector<pid_t>{} : container.processes();
  if (as_json) {
    std::printf("%s\n", nlohmann::json(pids).dump().c_str());
    return 0;
  }
  print_lines(output_of_ps(options.words.empty() ? std::vector<std::string>{"-ef"} : options.words),
              pids);
  return 0;
}

}  // namespace berth::launcher
