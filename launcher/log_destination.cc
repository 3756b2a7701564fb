#include "launcher/log_destination.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>

#include <cstring>

#include "base/error.h"
#include "base/fd.h"
#include "base/one_line.h"

namespace berth::launcher {
namespace {

int priority_of(Level level) {
  switch (level) {
    case Level::debug:
      return LOG_DEBUG;
    case Level::info:
      return LOG_INFO;
    case Level::warning:
      return LOG_WARNING;
    case Level::error:
      break;
  }
  return LOG_ERR;
}

}  // namespace

const char* name_of(Level level) {
  constexpr const char* kNames[] = {"debug", "info", "warning", "error"};
  return kNames[static_cast<size_t>(level)];
}

LogDestination parse_log_destination(const std::string& text) {
  using Kind = LogDestination::Kind;
  const auto rest_after = [&text](std::string_view prefix) { return text.substr(prefix.size()); };
  const auto or_ours = [](const std::string& id) { return id.empty() ? "berth" : id; };
  if (text.empty()) return {};
  if (text.starts_with("file:")) return {Kind::file, rest_after("file:")};
  if (text.starts_with("journald:")) return {Kind::journal, or_ours(rest_after("journald:"))};
  if (text.starts_with("syslog:")) return {Kind::syslog, or_ours(rest_after("syslog:"))};
  return {Kind::file, text};
}

std::string journal_record(Level level, const std::string& from, const std::string& message) {
  return "PRIORITY=" + std::to_string(priority_of(level)) +
         "\nSYSLOG_IDENTIFIER=" + one_line(from) + "\nMESSAGE=" + one_line(message) + "\n";
}

std::string syslog_record(Level level, const std::string& from, int pid,
                          const std::string& message) {
  return "<" + std::to_string(LOG_USER | priority_of(level)) + ">" + one_line(from) + "[" +
         std::to_string(pid) + "]: " + one_line(message);
}

void send_record(const char* socket, const std::string& record) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket, sizeof address.sun_path - 1);
  const UniqueFd fd(check(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), "make socket"));
  check(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
        "connect to", socket);
  check(::send(fd.get(), record.data(), record.size(), MSG_NOSIGNAL), "send to", socket);
}

}  // namespace berth::launcher
