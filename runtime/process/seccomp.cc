#include "runtime/process/seccomp.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/fd.h"
#include "base/trace.h"
#include "runtime/process/seccomp_key.h"
#include "runtime/process/seccomp_newer.h"
#include "runtime/process/seccomp_store.h"

namespace berth::runtime::process {
namespace {

using Context = std::unique_ptr<void, decltype(&::seccomp_release)>;

// libseccomp gives back a negative errno.
void require(int rc, std::string_view operation, std::string_view object) {
  if (rc < 0) throw Error(operation, object, -rc);
}

uint32_t action_of(const std::string& name, std::optional<uint32_t> errno_ret) {
  const uint32_t value = errno_ret.value_or(EPERM) & 0xffffU;
  if (name == "SCMP_ACT_KILL" || name == "SCMP_ACT_KILL_THREAD") return SCMP_ACT_KILL_THREAD;
  if (name == "SCMP_ACT_KILL_PROCESS") return SCMP_ACT_KILL_PROCESS;
  if (name == "SCMP_ACT_TRAP") return SCMP_ACT_TRAP;
  if (name == "SCMP_ACT_ERRNO") return SCMP_ACT_ERRNO(value);
  if (name == "SCMP_ACT_TRACE") return SCMP_ACT_TRACE(value);
  if (name == "SCMP_ACT_ALLOW") return SCMP_ACT_ALLOW;
  if (name == "SCMP_ACT_LOG") return SCMP_ACT_LOG;
  if (name == "SCMP_ACT_NOTIFY") return SCMP_ACT_NOTIFY;
  throw Error("linux.seccomp: '" + name + "' is not a seccomp action");
}

scmp_compare compare_of(const std::string& name) {
  constexpr auto kOperators = std::to_array<std::pair<std::string_view, scmp_compare>>(
      {{"SCMP_CMP_NE", SCMP_CMP_NE},
       {"SCMP_CMP_LT", SCMP_CMP_LT},
       {"SCMP_CMP_LE", SCMP_CMP_LE},
       {"SCMP_CMP_EQ", SCMP_CMP_EQ},
       {"SCMP_CMP_GE", SCMP_CMP_GE},
       {"SCMP_CMP_GT", SCMP_CMP_GT},
       {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}});
  for (const auto& [known, value] : kOperators) {
    if (known == name) return value;
  }
  throw Error("linux.seccomp: '" + name + "' is not a seccomp operator");
}

uint32_t architecture_of(const std::string& name) {
  std::string plain = name.starts_with("SCMP_ARCH_") ? name.substr(10) : std::string();
  std::ranges::transform(plain, plain.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  const uint32_t token = plain.empty() ? 0 : ::seccomp_arch_resolve_name(plain.c_str());
  if (token == 0) throw Error("linux.seccomp: '" + name + "' is not an architecture known here");
  return token;
}

unsigned flag_of(const std::string& name) {
  constexpr auto kFlags = std::to_array<std::pair<std::string_view, unsigned>>(
      {{"SECCOMP_FILTER_FLAG_TSYNC", 0},  // who loads it has one thread
       {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
       {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
       {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV}});
  for (const auto& [known, value] : kFlags) {
    if (known == name) return value;
  }
  throw Error("linux.seccomp: '" + name + "' is not a seccomp flag");
}

// An AND over two comparisons of one argument is not expressible; runc's reading of such a rule,
// which profiles rely on, is one rule for each comparison.
bool repeats_an_argument(const std::vector<spec::SeccompArg>& args) {
  std::set<unsigned> seen;
  return !std::ranges::all_of(args, [&](const auto& a) { return seen.insert(a.index).second; });
}

void add_rule(scmp_filter_ctx context, uint32_t action, int number, const std::string& name,
              const std::vector<spec::SeccompArg>& args) {
  std::vector<scmp_arg_cmp> comparisons;
  for (const spec::SeccompArg& arg : args) {
    comparisons.push_back({arg.index, compare_of(arg.op), arg.value, arg.value_two});
  }
  const auto add = [&](const scmp_arg_cmp* first, size_t count) {
    require(::seccomp_rule_add_array(context, action, number, static_cast<unsigned>(count), first),
            "linux.seccomp: add rule for", name);
  };
  if (!repeats_an_argument(args)) return add(comparisons.data(), comparisons.size());
  for (const scmp_arg_cmp& comparison : comparisons) add(&comparison, 1);
}

void add_rules(scmp_filter_ctx context, uint32_t default_action, const spec::Seccomp& seccomp,
               UnknownCalls unknown) {
  for (const spec::SeccompRule& rule : seccomp.syscalls) {
    const uint32_t action = action_of(rule.action, rule.errno_ret);
    for (const std::string& name : rule.names) {
      const int number = ::seccomp_syscall_resolve_name(name.c_str());
      if (number == __NR_SCMP_ERROR) {
        if (unknown == UnknownCalls::refuse) {
          throw Error("linux.seccomp.syscalls: '" + name + "' is not a system call known here");
        }
        if (tracing()) trace("seccomp: no system call '" + name + "' here");
        continue;
      }
      // libseccomp refuses a rule that says what happens anyway.
      if (action != default_action) add_rule(context, action, number, name, rule.args);
    }
  }
}

std::vector<sock_filter> export_program(scmp_filter_ctx context) {
  const UniqueFd memory(check(::memfd_create("seccomp", MFD_CLOEXEC), "memfd_create", "seccomp"));
  require(::seccomp_export_bpf(context, memory.get()), "linux.seccomp: compile", {});
  struct stat st {};
  check(::fstat(memory.get(), &st), "fstat", "seccomp");
  std::vector<sock_filter> program(static_cast<size_t>(st.st_size) / sizeof(sock_filter));
  const size_t size = program.size() * sizeof(sock_filter);
  const ssize_t n = check(::pread(memory.get(), program.data(), size, 0), "read", "seccomp");
  if (static_cast<size_t>(n) != size) throw Error("read", "seccomp", EIO);
  return program;
}

}  // namespace

SeccompFilter SeccompFilter::compile(const spec::Seccomp& seccomp, UnknownCalls unknown) {
  const uint32_t default_action = action_of(seccomp.default_action, seccomp.default_errno_ret);
  const Context context(::seccomp_init(default_action), &::seccomp_release);
  if (!context) throw Error("linux.seccomp: prepare filter", {}, EINVAL);
  std::vector<uint32_t> architectures{::seccomp_arch_native()};  // named or not
  for (const std::string& name : seccomp.architectures) {
    const uint32_t architecture = architecture_of(name);
    if (architecture != architectures.front()) architectures.push_back(architecture);
    const int rc = ::seccomp_arch_add(context.get(), architecture);
    if (rc != -EEXIST) require(rc, "linux.seccomp: add architecture", name);
  }
  SeccompFilter filter;
  for (const std::string& name : seccomp.flags) filter.flags_ |= flag_of(name);
  add_rules(context.get(), default_action, seccomp, unknown);
  filter.notifies_ = std::ranges::find(seccomp.syscalls, "SCMP_ACT_NOTIFY",
                                       &spec::SeccompRule::action) != seccomp.syscalls.end();
  if (filter.notifies_) {
    filter.flags_ |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
  } else {
    // Without a listener the kernel refuses it, and it would mean nothing.
    filter.flags_ &= ~unsigned{SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV};
  }
  if (tracing()) trace("seccomp filter flags: " + std::to_string(filter.flags_));
  filter.program_ = hide_newer_calls(seccomp, architectures);
  std::ranges::copy(export_program(context.get()), std::back_inserter(filter.program_));
  if (filter.program_.size() > BPF_MAXINSNS) throw Error("linux.seccomp: compile", {}, E2BIG);
  return filter;
}

SeccompFilter SeccompFilter::obtain(const spec::Seccomp& seccomp, UnknownCalls unknown,
                                    const std::string& folder) {
  const auto store = SeccompStore::open(folder);
  if (!store) return compile(seccomp, unknown);
  const std::string key = seccomp_key(seccomp, unknown);
  SeccompFilter filter;
  if (auto stored = store->find(key)) {
    filter.program_ = std::move(stored->program);
    filter.flags_ = stored->flags;
    filter.notifies_ = stored->notifies;
    return filter;
  }
  filter = compile(seccomp, unknown);
  store->keep(key, {filter.program_, filter.flags_, filter.notifies_});
  return filter;
}

int SeccompFilter::load(unsigned flags) const {
  sock_fprog program{static_cast<unsigned short>(program_.size()),
                     const_cast<sock_filter*>(program_.data())};
  return static_cast<int>(check(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program),
                                "load seccomp filter"));
}

void SeccompFilter::load() const {
  load(flags_);
}

UniqueFd SeccompFilter::load_with_listener() const {
  return UniqueFd(load(flags_));
}

}  // namespace berth::runtime::process
