#include "runtime/process/seccomp_key.h"

#include <seccomp.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace berth::runtime::process {
namespace {

// Each value with what tells where it ends: no two different lists of values give the same text.
class Key {
 public:
  void add(uint64_t number) { text_.append(std::to_string(number)).append(";"); }
  void add(std::string_view word) {
    add(word.size());
    text_.append(word);
  }
  void add(const std::optional<uint32_t>& number) {
    add(uint64_t{number.has_value()});
    add(uint64_t{number.value_or(0)});
  }
  void add(const std::vector<std::string>& words) {
    add(words.size());
    for (const std::string& word : words) add(std::string_view(word));
  }
  std::string take() && { return std::move(text_); }

 private:
  std::string text_;
};

void add_rule(Key& key, const spec::SeccompRule& rule) {
  key.add(rule.names);
  key.add(std::string_view(rule.action));
  key.add(rule.errno_ret);
  key.add(rule.args.size());
  for (const spec::SeccompArg& arg : rule.args) {
    key.add(uint64_t{arg.index});
    key.add(arg.value);
    key.add(arg.value_two);
    key.add(std::string_view(arg.op));
  }
}

void add_compiler(Key& key) {
  const scmp_version* const version = ::seccomp_version();
  for (const unsigned part : {version->major, version->minor, version->micro}) {
    key.add(uint64_t{part});
  }
  struct stat own {};
  if (::stat("/proc/self/exe", &own) == 0) {
    key.add(static_cast<uint64_t>(own.st_size));
    key.add(static_cast<uint64_t>(own.st_mtim.tv_sec));
    key.add(static_cast<uint64_t>(own.st_mtim.tv_nsec));
  }
  utsname kernel{};
  if (::uname(&kernel) == 0) {
    key.add(std::string_view(kernel.release));
    key.add(std::string_view(kernel.version));
  }
}

}  // namespace

std::string seccomp_key(const spec::Seccomp& seccomp, UnknownCalls unknown) {
  Key key;
  add_compiler(key);
  key.add(uint64_t{unknown == UnknownCalls::refuse});
  key.add(std::string_view(seccomp.default_action));
  key.add(seccomp.default_errno_ret);
  key.add(seccomp.architectures);
  key.add(seccomp.flags);
  key.add(seccomp.syscalls.size());
  for (const spec::SeccompRule& rule : seccomp.syscalls) add_rule(key, rule);
  return std::move(key).take();
}

}  // namespace berth::runtime::process
