// After the pivot and with the user's own rights: the passwd file is the container's, and hostile.
#include "runtime/process/environment.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <unordered_set>

#include "base/error.h"
#include "base/file.h"

namespace berth::runtime::process {
namespace {

constexpr const char* kPasswd = "/etc/passwd";
constexpr size_t kLargest = size_t{1} << 20;

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

// Empty where there is none that can be read.
std::string read_passwd() {
  // Neither a fifo nor a terminal may keep us.
  const UniqueFd file(::open(kPasswd, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat st {};
  if (!file || ::fstat(file.get(), &st) != 0 || !S_ISREG(st.st_mode)) return {};
  try {
    return read_fd(file.get(), kPasswd, kLargest);
  } catch (const Error&) {
    return {};
  }
}

std::string_view take_field(std::string_view& line) {
  const size_t end = std::min(line.find(':'), line.size());
  const std::string_view field = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return field;
}

// name:password:uid:gid:comment:home:shell
std::string home_of(uid_t uid) {
  const std::string text = read_passwd();
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    std::string_view fields[6];
    for (std::string_view& field : fields) field = take_field(line);
    uid_t number = 0;
    const char* last = fields[2].data() + fields[2].size();
    const auto [stop, error] = std::from_chars(fields[2].data(), last, number);
    if (error != std::errc{} || stop != last || number != uid) continue;
    const bool usable = !fields[5].empty() && fields[5].find('\0') == std::string_view::npos;
    if (usable) return std::string(fields[5]);
  }
  return "/";
}

}  // namespace

std::vector<std::string> complete_environment(std::vector<std::string> env, uid_t uid) {
  std::unordered_set<std::string_view> seen;
  std::vector<std::string> result;
  for (auto variable = env.rbegin(); variable != env.rend(); ++variable) {
    if (seen.insert(name_of(*variable)).second && *variable != "HOME=") {
      result.push_back(*variable);
    }
  }
  std::ranges::reverse(result);
  const auto is_home = [](const std::string& variable) { return name_of(variable) == "HOME"; };
  if (std::ranges::none_of(result, is_home)) result.push_back("HOME=" + home_of(uid));
  return result;
}

}  // namespace berth::runtime::process
