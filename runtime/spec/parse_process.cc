// process: the program, its user, its privileges.
#include <sys/resource.h>

#include <algorithm>
#include <array>

#include "runtime/spec/areas.h"
#include "runtime/spec/known.h"

namespace berth::runtime::spec {
namespace {

struct NamedResource {
  std::string_view name;
  int resource;
};
constexpr auto kRlimits = std::to_array<NamedResource>({
    {"RLIMIT_AS", RLIMIT_AS},
    {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},
    {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},
    {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},
    {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"RLIMIT_STACK", RLIMIT_STACK},
});

constexpr auto kCapabilities = std::to_array<std::string_view>({
    "CAP_AUDIT_CONTROL",   "CAP_AUDIT_READ",   "CAP_AUDIT_WRITE",
    "CAP_BLOCK_SUSPEND",   "CAP_BPF",          "CAP_CHECKPOINT_RESTORE",
    "CAP_CHOWN",           "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",          "CAP_FSETID",       "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",       "CAP_KILL",         "CAP_LEASE",
    "CAP_LINUX_IMMUTABLE", "CAP_MAC_ADMIN",    "CAP_MAC_OVERRIDE",
    "CAP_MKNOD",           "CAP_NET_ADMIN",    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",   "CAP_NET_RAW",      "CAP_PERFMON",
    "CAP_SETFCAP",         "CAP_SETGID",       "CAP_SETPCAP",
    "CAP_SETUID",          "CAP_SYSLOG",       "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",        "CAP_SYS_CHROOT",   "CAP_SYS_MODULE",
    "CAP_SYS_NICE",        "CAP_SYS_PACCT",    "CAP_SYS_PTRACE",
    "CAP_SYS_RAWIO",       "CAP_SYS_RESOURCE", "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",  "CAP_WAKE_ALARM",
});
static_assert(std::ranges::is_sorted(kCapabilities));

User parse_user(const Node& node) {
  User user;
  // (uid_t)-1 means "leave it" to the kernel: a program meant to be nobody would stay root.
  constexpr uint32_t kLargestId = 0xfffffffe;
  user.uid = node.integer_if<uint32_t>("uid", 0, kLargestId).value_or(0);
  user.gid = node.integer_if<uint32_t>("gid", 0, kLargestId).value_or(0);
  (void)node.string_or("username", "");  // Windows' alone
  user.umask = node.integer_if<uint32_t>("umask", 0, 0777);
  if (const auto groups = node.find("additionalGids")) {
    for (const Node& group : groups->elements()) {
      user.additional_gids.push_back(group.integer<uint32_t>(0, kLargestId));
    }
  }
  return user;
}

// A name that this version does not know cannot be given, and a program without it is less mighty,
// not more: files are written for kernels to come.
std::vector<std::string> parse_capability_set(const Node& capabilities, std::string_view key,
                                              Warnings& warnings) {
  std::vector<std::string> set;
  const auto node = capabilities.find(key);
  if (!node) return set;
  for (const Node& element : node->elements()) {
    std::string name = element.string();
    if (std::ranges::binary_search(kCapabilities, name)) {
      set.push_back(std::move(name));
    } else {
      warnings.push_back(element.path() + ": " + in_quotes(name) +
                         " is not a capability: it is left out");
    }
  }
  return set;
}

Capabilities parse_capabilities(const Node& node, Warnings& warnings) {
  return {.bounding = parse_capability_set(node, "bounding", warnings),
          .effective = parse_capability_set(node, "effective", warnings),
          .inheritable = parse_capability_set(node, "inheritable", warnings),
          .permitted = parse_capability_set(node, "permitted", warnings),
          .ambient = parse_capability_set(node, "ambient", warnings)};
}

Rlimit parse_rlimit(const Node& node, const std::vector<Rlimit>& before) {
  const Node type = node.at("type");
  Rlimit rlimit;
  rlimit.type = type.string();
  const auto found = std::ranges::find(kRlimits, rlimit.type, &NamedResource::name);
  if (found == kRlimits.end()) type.fail_value("is not " + one_of("a resource limit", kRlimits));
  if (std::ranges::find(before, rlimit.type, &Rlimit::type) != before.end()) {
    type.fail_value("is given twice");
  }
  rlimit.resource = found->resource;
  const Node soft = node.at("soft");
  rlimit.soft = soft.integer<uint64_t>();
  rlimit.hard = node.at("hard").integer<uint64_t>();
  if (rlimit.soft > rlimit.hard) {
    soft.fail(std::to_string(rlimit.soft) + " is above the hard limit " +
              std::to_string(rlimit.hard));
  }
  return rlimit;
}

// The kernel raises only what is in both; a program without it is less mighty, not more. Templates
// of older tools have ambient sets beside no inheritable one, and mean nothing by it.
void warn_of_ambient(const Node& node, const Capabilities& sets, Warnings& warnings) {
  const auto has = [](const std::vector<std::string>& set, const std::string& name) {
    return std::ranges::find(set, name) != set.end();
  };
  if (sets.inheritable.empty()) return;
  for (const std::string& name : sets.ambient) {
    const char* const lacking = !has(sets.permitted, name)     ? "permitted"
                                : !has(sets.inheritable, name) ? "inheritable"
                                                               : nullptr;
    if (lacking == nullptr) continue;
    warnings.push_back(node.path() + ".ambient: can't raise ambient capability " + name +
                       ": it is not in " + lacking);
  }
}

}  // namespace

std::vector<std::string> parse_environment(const Node& node) {
  std::vector<std::string> env;
  for (const Node& element : node.elements()) {
    env.push_back(element.string());
    const size_t equals = env.back().find('=');
    if (equals == std::string::npos || equals == 0) element.fail_value("is not NAME=value");
  }
  return env;
}

std::vector<std::string> known_capabilities() {
  return names_in(kCapabilities);
}

Process parse_process(const Node& node, Warnings& warnings) {
  Process process;
  process.terminal = node.boolean_or("terminal", false);
  if (const auto size = node.find("consoleSize")) {
    process.console_size = ConsoleSize{.height = size->at("height").integer<uint16_t>(),
                                       .width = size->at("width").integer<uint16_t>()};
  }
  if (const auto user = node.find("user")) process.user = parse_user(*user);
  const Node args = node.at("args");
  process.args = args.strings();
  if (process.args.empty()) args.fail("is empty");
  if (process.args[0].empty()) args.fail("the program's name is empty");
  if (const auto env = node.find("env")) process.env = parse_environment(*env);
  const Node cwd = node.at("cwd");
  process.cwd = cwd.absolute_path();
  if (const auto capabilities = node.find("capabilities")) {
    process.capabilities = parse_capabilities(*capabilities, warnings);
    warn_of_ambient(*capabilities, *process.capabilities, warnings);
  }
  if (const auto rlimits = node.find("rlimits")) {
    for (const Node& rlimit : rlimits->elements()) {
      process.rlimits.push_back(parse_rlimit(rlimit, process.rlimits));
    }
  }
  process.no_new_privileges = node.boolean_or("noNewPrivileges", false);
  process.oom_score_adj = node.integer_if<int>("oomScoreAdj", -1000, 1000);
  if (const auto scheduler = node.find("scheduler")) {
    process.scheduler = parse_scheduler(*scheduler);
  }
  if (const auto priority = node.find("ioPriority")) {
    process.io_priority = parse_io_priority(*priority);
  }
  if (const auto affinity = node.find("execCPUAffinity")) {
    process.exec_cpu_affinity = parse_cpu_affinity(*affinity);
  }
  process.apparmor_profile = node.string_or("apparmorProfile", "");
  process.selinux_label = node.string_or("selinuxLabel", "");
  return process;
}

}  // namespace berth::runtime::spec
