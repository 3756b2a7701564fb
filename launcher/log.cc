#include "launcher/log.h"

#include <fcntl.h>
#include <time.h>

#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/one_line.h"

namespace berth::launcher {
namespace {

std::string now() {
  const time_t time = ::time(nullptr);
  tm parts{};
  ::gmtime_r(&time, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

std::string quoted(const std::string& text) {
  // Names of files may be no UTF-8.
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string log_line(bool json, Level level, const std::string& message, const std::string& time) {
  const std::string name = level == Level::error ? "error" : "warning";
  if (json) {
    return R"({"level":")" + name + R"(","msg":)" + quoted(message) + R"(,"time":)" + quoted(time) +
           "}\n";
  }
  return "time=" + quoted(time) + " level=" + name + " msg=" + quoted(message) + "\n";
}

void log(const RuntimeOptions& runtime, Level level, const std::string& message) {
  std::fprintf(stderr, "berth: %s\n", one_line(message).c_str());
  if (runtime.log.empty()) return;
  try {
    const UniqueFd file = open_file(AT_FDCWD, runtime.log, O_WRONLY | O_CREAT | O_APPEND, 0644);
    write_all(file.get(), log_line(runtime.log_json, level, message, now()), runtime.log);
  } catch (const Error& e) {
    std::fprintf(stderr, "berth: --log: %s\n", one_line(e.what()).c_str());
  }
}

}  // namespace berth::launcher
