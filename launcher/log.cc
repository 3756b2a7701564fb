#include "launcher/log.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/one_line.h"
#include "base/trace.h"
#include "launcher/log_destination.h"

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

UniqueFd open_log_file(const std::string& name) {
  return open_file(AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND, 0644);
}

void tell_of_log(const Error& e) {
  std::fprintf(stderr, "berth: --log: %s\n", one_line(e.what()).c_str());
}

void write_to(const LogDestination& destination, bool json, Level level,
              const std::string& message) {
  if (destination.kind == LogDestination::Kind::journal) {
    send_record(kJournalSocket, journal_record(level, destination.name, message));
  } else if (destination.kind == LogDestination::Kind::syslog) {
    send_record(kSyslogSocket, syslog_record(level, destination.name, ::getpid(), message));
  } else {
    const UniqueFd file = open_log_file(destination.name);
    write_all(file.get(), log_line(json, level, message, now()), destination.name);
  }
}

// Tells the process that made it from its children, whose pid may be the same in a namespace of
// theirs: the kernel clears the page for them.
class ParentMark {
 public:
  ParentMark() {
    void* const page =
        ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return;
    page_ = static_cast<volatile char*>(page);
    if (::madvise(page, kSize, MADV_WIPEONFORK) == 0) *page_ = 1;
  }
  ~ParentMark() {
    if (page_ != nullptr) ::munmap(const_cast<char*>(page_), kSize);
  }
  ParentMark(const ParentMark&) = delete;
  ParentMark& operator=(const ParentMark&) = delete;
  bool is_here() const { return page_ != nullptr && *page_ == 1; }

 private:
  static constexpr size_t kSize = 4096;
  volatile char* page_ = nullptr;
};

}  // namespace

std::string log_line(bool json, Level level, const std::string& message, const std::string& time) {
  const std::string name = name_of(level);
  if (json) {
    return R"({"level":")" + name + R"(","msg":)" + quoted(message) + R"(,"time":)" + quoted(time) +
           "}\n";
  }
  return "time=" + quoted(time) + " level=" + name + " msg=" + quoted(message) + "\n";
}

void log(const RuntimeOptions& runtime, Level level, const std::string& message) {
  if (level < runtime.level) return;
  const LogDestination destination = parse_log_destination(runtime.log);
  const bool for_people = level > Level::info;
  if (for_people) std::fprintf(stderr, "berth: %s\n", one_line(message).c_str());
  if (destination.kind == LogDestination::Kind::none) {
    if (!for_people) {
      std::fputs(log_line(runtime.log_json, level, message, now()).c_str(), stderr);
    }
    return;
  }
  try {
    write_to(destination, runtime.log_json, level, message);
  } catch (const Error& e) {
    tell_of_log(e);
  }
}

bool make_log(const RuntimeOptions& runtime) {
  const LogDestination destination = parse_log_destination(runtime.log);
  if (destination.kind != LogDestination::Kind::file) return true;
  try {
    open_log_file(destination.name);
    return true;
  } catch (const Error& e) {
    tell_of_log(e);
    return false;
  }
}

void log_traces(const RuntimeOptions& runtime) {
  if (runtime.level > Level::debug) return;
  const auto mark = std::make_shared<ParentMark>();
  set_trace_sink([runtime, mark](std::string_view line) {
    if (mark->is_here()) log(runtime, Level::debug, std::string(line));
  });
}

}  // namespace berth::launcher
