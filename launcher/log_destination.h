// Where `--log` says that lines go: a file, or this host's journal or syslog.
#pragma once

#include <string>

#include "launcher/log_level.h"

namespace berth::launcher {

struct LogDestination {
  enum class Kind { none, file, journal, syslog };
  Kind kind = Kind::none;
  std::string name;  // the file's, or whom the lines are from
  bool operator==(const LogDestination&) const = default;
};

// `PATH` or `file:PATH`, `journald:ID`, `syslog:ID`; empty: none. Without an ID it is `berth`.
LogDestination parse_log_destination(const std::string& text);

// One record as journald's own protocol (systemd, "Native Journal Protocol") and as syslog(3) have
// it. Pure.
std::string journal_record(Level level, const std::string& from, const std::string& message);
std::string syslog_record(Level level, const std::string& from, int pid,
                          const std::string& message);

// One datagram to a unix socket. Throws Error where nobody listens there.
void send_record(const char* socket, const std::string& record);
inline constexpr const char* kJournalSocket = "/run/systemd/journal/socket";
inline constexpr const char* kSyslogSocket = "/dev/log";

}  // namespace berth::launcher
