#include "runtime/resources/device_program.h"

#include <cstddef>
#include <ranges>

#include "runtime/resources/device_rules.h"

namespace berth::runtime::resources {
namespace {

using spec::DeviceRule;

// What is in which register throughout.
constexpr auto kResult = BPF_REG_0;
constexpr auto kContext = BPF_REG_1;  // and free for use once all is loaded
constexpr auto kAccess = BPF_REG_2;   // kinds of access that no rule has settled yet
constexpr auto kType = BPF_REG_3;
constexpr auto kMajor = BPF_REG_4;
constexpr auto kMinor = BPF_REG_5;

bpf_insn instruction(unsigned code, unsigned to, unsigned from, int offset, int64_t immediate) {
  bpf_insn made{};
  made.code = static_cast<__u8>(code);
  made.dst_reg = static_cast<__u8>(to & 0xf);
  made.src_reg = static_cast<__u8>(from & 0xf);
  made.off = static_cast<__s16>(offset);
  made.imm = static_cast<__s32>(immediate);
  return made;
}

bpf_insn load(unsigned to, size_t offset) {
  return instruction(BPF_LDX | BPF_MEM | BPF_W, to, kContext, static_cast<int>(offset), 0);
}
bpf_insn calculate(unsigned operation, unsigned to, int64_t immediate) {
  return instruction(BPF_ALU | BPF_K | operation, to, 0, 0, immediate);
}
bpf_insn jump_unless_equal(unsigned left, int64_t right, int offset) {
  return instruction(BPF_JMP | BPF_K | BPF_JNE, left, 0, offset, right);
}

void add_return(std::vector<bpf_insn>& program, bool allow) {
  program.push_back(instruction(BPF_ALU64 | BPF_K | BPF_MOV, kResult, 0, 0, allow ? 1 : 0));
  program.push_back(instruction(BPF_JMP | BPF_EXIT, 0, 0, 0, 0));
}

int64_t bits(const std::string& access) {
  int64_t bits = 0;
  for (const char kind : access) {
    if (kind == 'r') bits |= BPF_DEVCG_ACC_READ;
    if (kind == 'w') bits |= BPF_DEVCG_ACC_WRITE;
    if (kind == 'm') bits |= BPF_DEVCG_ACC_MKNOD;
  }
  return bits;
}

// What follows where the device is the rule's.
std::vector<bpf_insn> verdict(const DeviceRule& rule) {
  std::vector<bpf_insn> body;
  if (rule.allow) {
    body.push_back(calculate(BPF_AND, kAccess, ~bits(rule.access)));
    body.push_back(jump_unless_equal(kAccess, 0, 2));
  } else {
    body.push_back(instruction(BPF_ALU | BPF_X | BPF_MOV, kContext, kAccess, 0, 0));
    body.push_back(calculate(BPF_AND, kContext, bits(rule.access)));
    body.push_back(instruction(BPF_JMP | BPF_K | BPF_JEQ, kContext, 0, 2, 0));
  }
  add_return(body, rule.allow);
  return body;
}

void add_rule(std::vector<bpf_insn>& program, const DeviceRule& rule) {
  const std::vector<bpf_insn> body = verdict(rule);
  std::vector<std::pair<unsigned, int64_t>> conditions;
  conditions.emplace_back(kType, rule.type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
  if (rule.major) conditions.emplace_back(kMajor, *rule.major);
  if (rule.minor) conditions.emplace_back(kMinor, *rule.minor);
  int rest = static_cast<int>(conditions.size() + body.size());
  for (const auto& [reg, value] : conditions) {
    program.push_back(jump_unless_equal(reg, value, --rest));
  }
  program.insert(program.end(), body.begin(), body.end());
}

}  // namespace

std::vector<bpf_insn> device_program(const std::vector<DeviceRule>& rules) {
  std::vector<bpf_insn> program = {
      load(kAccess, offsetof(bpf_cgroup_dev_ctx, access_type)),
      load(kMajor, offsetof(bpf_cgroup_dev_ctx, major)),
      load(kMinor, offsetof(bpf_cgroup_dev_ctx, minor)),
      instruction(BPF_ALU | BPF_X | BPF_MOV, kType, kAccess, 0, 0),
      calculate(BPF_AND, kType, 0xffff),
      calculate(BPF_RSH, kAccess, 16),
  };
  for (const DeviceRule& rule : std::views::reverse(rules)) {
    if (is_about_everything(rule)) {
      add_return(program, rule.allow);
      return program;
    }
    add_rule(program, rule);
  }
  add_return(program, false);
  return program;
}

}  // namespace berth::runtime::resources
