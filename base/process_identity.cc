#include "base/process_identity.h"

#include <fcntl.h>

#include <sstream>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace berth {

std::optional<unsigned long long> start_time_of(pid_t pid) {
  std::optional<std::string> stat;
  try {
    stat = read_file_if_exists(AT_FDCWD, "/proc/" + std::to_string(pid) + "/stat");
  } catch (const Error& e) {
    if (e.code() != ESRCH) throw;
  }
  if (!stat) return std::nullopt;
  // The command's name may hold anything; the fields after its closing bracket are plain.
  const size_t end = stat->rfind(')');
  if (end == std::string::npos) return std::nullopt;
  std::istringstream fields(stat->substr(end + 1));
  std::string skipped;
  fields >> skipped;
  if (skipped == "Z" || skipped == "X") return std::nullopt;  // dead, only not yet reaped
  for (int field = 4; field < 22; ++field) fields >> skipped;
  unsigned long long start = 0;
  if (!(fields >> start)) return std::nullopt;
  return start;
}

}  // namespace berth
