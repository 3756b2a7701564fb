#include "base/process_identity.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace berth {
namespace {

// The next one that blanks part.
std::string_view take_field(std::string_view& rest) {
  constexpr std::string_view kBlanks = " \n";
  rest.remove_prefix(std::min(rest.find_first_not_of(kBlanks), rest.size()));
  const std::string_view field = rest.substr(0, rest.find_first_of(kBlanks));
  rest.remove_prefix(field.size());
  return field;
}

}  // namespace

std::optional<unsigned long long> start_time_of(pid_t pid) {
  const auto stat = read_file_if_exists(AT_FDCWD, "/proc/" + std::to_string(pid) + "/stat");
  if (!stat) return std::nullopt;
  // The command's name may hold anything; the fields after its closing bracket are plain.
  const size_t end = stat->rfind(')');
  if (end == std::string::npos) return std::nullopt;
  std::string_view rest = std::string_view(*stat).substr(end + 1);
  const std::string_view state = take_field(rest);
  if (state == "Z" || state == "X") return std::nullopt;  // dead, only not yet reaped
  for (int field = 4; field < 22; ++field) (void)take_field(rest);
  const std::string_view field = take_field(rest);
  unsigned long long start = 0;
  const auto [after, failure] = std::from_chars(field.data(), field.data() + field.size(), start);
  if (failure != std::errc{} || after != field.data() + field.size()) return std::nullopt;
  return start;
}

std::optional<UniqueFd> open_process(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0 && (errno == ESRCH || errno == EINVAL)) return std::nullopt;
  return UniqueFd(static_cast<int>(check(fd, "pidfd_open", std::to_string(pid))));
}

}  // namespace berth
