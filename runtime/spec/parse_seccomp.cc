// linux.seccomp: names only; what they mean to the kernel is libseccomp's business.
#include <algorithm>
#include <array>
#include <span>

#include "runtime/spec/areas.h"
#include "runtime/spec/known.h"

namespace berth::runtime::spec {
namespace {

constexpr auto kActions = std::to_array<std::string_view>(
    {"SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP",
     "SCMP_ACT_ERRNO", "SCMP_ACT_TRACE", "SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY"});
constexpr auto kOperators =
    std::to_array<std::string_view>({"SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ",
                                     "SCMP_CMP_GE", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"});
constexpr auto kFlags = std::to_array<std::string_view>(
    {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
     "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"});
constexpr auto kArchitectures = std::to_array<std::string_view>(
    {"SCMP_ARCH_X86",     "SCMP_ARCH_X86_64",   "SCMP_ARCH_X32",         "SCMP_ARCH_ARM",
     "SCMP_ARCH_AARCH64", "SCMP_ARCH_MIPS",     "SCMP_ARCH_MIPS64",      "SCMP_ARCH_MIPS64N32",
     "SCMP_ARCH_MIPSEL",  "SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_PPC",
     "SCMP_ARCH_PPC64",   "SCMP_ARCH_PPC64LE",  "SCMP_ARCH_S390",        "SCMP_ARCH_S390X",
     "SCMP_ARCH_PARISC",  "SCMP_ARCH_PARISC64", "SCMP_ARCH_RISCV64",     "SCMP_ARCH_LOONGARCH64",
     "SCMP_ARCH_M68K",    "SCMP_ARCH_SH",       "SCMP_ARCH_SHEB"});

// Which architectures there are is too much to tell.
constexpr size_t kMostNamed = 10;

std::string known(const Node& node, std::span<const std::string_view> names,
                  std::string_view kind) {
  std::string name = node.string();
  if (std::ranges::find(names, name) == names.end()) {
    const std::string what = "a seccomp " + std::string(kind);
    node.fail_value("is not " + (names.size() > kMostNamed ? what : one_of(what, names)));
  }
  return name;
}

// Other actions would silently go without the number.
std::optional<uint32_t> parse_errno(const Node& node, std::string_view key,
                                    const std::string& action) {
  constexpr uint32_t kLargestErrno = 4095;
  const auto number = node.integer_if<uint32_t>(key, 0, kLargestErrno);
  if (number && action != "SCMP_ACT_ERRNO" && action != "SCMP_ACT_TRACE") {
    node.at(key).fail(std::to_string(*number) + " is for SCMP_ACT_ERRNO and SCMP_ACT_TRACE, not " +
                      action);
  }
  return number;
}

std::vector<std::string> each_of(const Node& parent, std::string_view key,
                                 std::span<const std::string_view> names, std::string_view kind) {
  std::vector<std::string> list;
  const auto node = parent.find(key);
  if (!node) return list;
  for (const Node& element : node->elements()) list.push_back(known(element, names, kind));
  return list;
}

SeccompArg parse_arg(const Node& node) {
  SeccompArg arg;
  arg.index = node.at("index").integer<unsigned>(0, 5);
  arg.value = node.at("value").integer<uint64_t>();
  arg.value_two = node.integer_if<uint64_t>("valueTwo").value_or(0);
  const Node op = node.at("op");
  arg.op = known(op, kOperators, "operator");
  if (arg.value_two != 0 && arg.op != "SCMP_CMP_MASKED_EQ") {
    node.at("valueTwo")
        .fail(std::to_string(arg.value_two) + " is for SCMP_CMP_MASKED_EQ, not " + arg.op);
  }
  return arg;
}

constexpr const char* kDefaultFlag = "SECCOMP_FILTER_FLAG_SPEC_ALLOW";
constexpr std::string_view kNotify = "SCMP_ACT_NOTIFY";

// Without a rule that notifies the path means nothing, and profiles are shared: it is no mistake.
void parse_listener(const Node& node, Seccomp& seccomp) {
  if (const auto path = node.find("listenerPath")) {
    seccomp.listener_path = path->string();
    const bool usable =
        seccomp.listener_path.starts_with('/') ||
        (seccomp.listener_path.starts_with('@') && seccomp.listener_path.size() > 1);
    if (!usable && !seccomp.listener_path.empty()) {
      path->fail_value("is neither an absolute path nor '@' and an abstract socket's name");
    }
  }
  seccomp.listener_metadata = node.string_or("listenerMetadata", "");
  if (!seccomp.listener_path.empty()) return;
  if (const auto metadata = node.find("listenerMetadata");
      metadata && !metadata->string().empty()) {
    metadata->fail("is for who listens at listenerPath, which is not set");
  }
  if (std::ranges::find(seccomp.syscalls, kNotify, &SeccompRule::action) !=
      seccomp.syscalls.end()) {
    node.fail_absent("listenerPath", "is missing: a rule's action is 'SCMP_ACT_NOTIFY'");
  }
}

SeccompRule parse_rule(const Node& node) {
  SeccompRule rule;
  const Node names = node.at("names");
  rule.names = names.strings();
  if (rule.names.empty()) names.fail("is empty");
  for (const Node& name : names.elements()) {
    if (name.string().empty()) name.fail("is empty");
  }
  const Node action = node.at("action");
  rule.action = known(action, kActions, "action");
  if (rule.action == kNotify && std::ranges::find(rule.names, "write") != rule.names.end()) {
    action.fail("SCMP_ACT_NOTIFY cannot be used for the write syscall: it hands the listener on");
  }
  rule.errno_ret = parse_errno(node, "errnoRet", rule.action);
  if (const auto args = node.find("args")) {
    for (const Node& arg : args->elements()) rule.args.push_back(parse_arg(arg));
  }
  return rule;
}

}  // namespace

std::vector<std::string> known_seccomp_actions() {
  return names_in(kActions);
}

std::vector<std::string> known_seccomp_operators() {
  return names_in(kOperators);
}

std::vector<std::string> known_seccomp_architectures() {
  return names_in(kArchitectures);
}

std::vector<std::string> known_seccomp_flags() {
  return names_in(kFlags);
}

Seccomp parse_seccomp(const Node& node) {
  Seccomp seccomp;
  const Node action = node.at("defaultAction");
  seccomp.default_action = known(action, kActions, "action");
  if (seccomp.default_action == kNotify) action.fail_value("cannot be the default action");
  seccomp.default_errno_ret = parse_errno(node, "defaultErrnoRet", seccomp.default_action);
  seccomp.architectures = each_of(node, "architectures", kArchitectures, "architecture");
  // As other runtimes: without a word about it a filter slows no speculation down. An empty list is
  // a word.
  seccomp.flags = node.find("flags") ? each_of(node, "flags", kFlags, "flag")
                                     : std::vector<std::string>{kDefaultFlag};
  if (const auto syscalls = node.find("syscalls")) {
    for (const Node& rule : syscalls->elements()) seccomp.syscalls.push_back(parse_rule(rule));
  }
  parse_listener(node, seccomp);
  return seccomp;
}

}  // namespace berth::runtime::spec
