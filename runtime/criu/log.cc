#include "runtime/criu/log.h"

#include "base/one_line.h"

namespace berth::runtime::criu {

std::string telling_line(std::string_view log) {
  std::string_view telling;
  bool closing = true;  // what is in `telling` says only that it failed
  while (!log.empty()) {
    const size_t end = log.find('\n');
    const std::string_view line = log.substr(0, end);
    log.remove_prefix(end == std::string_view::npos ? log.size() : end + 1);
    const size_t at = line.find("Error (");
    if (at == std::string_view::npos) continue;
    const bool closes = line.ends_with("FAILED.");
    if (closes && !closing) continue;
    closing = closes;
    telling = line.substr(at);
  }
  return one_line(telling);
}

}  // namespace berth::runtime::criu
