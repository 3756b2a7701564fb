#include "runtime/process/seccomp_support.h"

#include <fmt/format.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <string_view>

#include "runtime/spec/known.h"

namespace berth::runtime::process {
namespace {

// Of a filter without a program the kernel says EFAULT where it knows the flag, else EINVAL.
bool kernel_has_flag(std::string_view name) {
  struct Flag {
    std::string_view name;
    unsigned bit;
  };
  constexpr auto kFlags = std::to_array<Flag>(
      {{"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
       {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
       {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
       // The kernel knows it together with a listener alone.
       {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV",
        SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV}});
  const auto flag = std::ranges::find(kFlags, name, &Flag::name);
  if (flag == kFlags.end()) return false;
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flag->bit, nullptr) < 0 && errno == EFAULT;
}

bool kernel_has_action(std::string_view name) {
  if (name != "SCMP_ACT_NOTIFY") return true;  // the others are older than pidfds
  const uint32_t action = SECCOMP_RET_USER_NOTIF;
  return ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

bool library_has_architecture(std::string_view name) {
  std::string plain(name.substr(std::string_view("SCMP_ARCH_").size()));
  std::ranges::transform(plain, plain.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return ::seccomp_arch_resolve_name(plain.c_str()) != 0;
}

std::vector<std::string> only(std::vector<std::string> names,
                              const std::function<bool(std::string_view)>& wanted) {
  std::erase_if(names, [&](const std::string& name) { return !wanted(name); });
  return names;
}

}  // namespace

SeccompSupport seccomp_support() {
  return {.actions = only(spec::known_seccomp_actions(), kernel_has_action),
          .operators = spec::known_seccomp_operators(),
          .architectures = only(spec::known_seccomp_architectures(), library_has_architecture),
          .known_flags = spec::known_seccomp_flags(),
          .supported_flags = only(spec::known_seccomp_flags(), kernel_has_flag)};
}

std::string seccomp_library_version() {
  const scmp_version* version = ::seccomp_version();
  return fmt::format("{}.{}.{}", version->major, version->minor, version->micro);
}

}  // namespace berth::runtime::process
