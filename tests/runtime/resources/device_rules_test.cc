// The rules, for v1 and as a program, against what they mean.
#include "runtime/resources/device_rules.h"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

#include "base/error.h"
#include "runtime/resources/device_program.h"
#include "runtime/spec/parse.h"
#include "tests/support/message_of.h"

namespace berth::runtime::resources {
namespace {

using spec::DeviceRule;
using test::message_of;

std::vector<DeviceRule> parsed(const std::string& json) {
  return spec::parse_resources_document(R"({"devices": )" + json + "}", "resources").devices;
}

std::vector<std::string> v1(const std::string& json) {
  std::vector<std::string> lines;
  for (const DeviceWrite& write : v1_device_writes(parsed(json))) {
    lines.push_back(std::string(write.file).substr(8) + " " + write.value);
  }
  return lines;
}

using Lines = std::vector<std::string>;
const Lines kDefaults = {"allow c *:* m",   "allow b *:* m",     "allow c 1:3 rwm",
                         "allow c 1:8 rwm", "allow c 1:7 rwm",   "allow c 5:0 rwm",
                         "allow c 1:5 rwm", "allow c 1:9 rwm",   "allow c 136:* rwm",
                         "allow c 5:2 rwm", "allow c 10:200 rwm"};

Lines with_defaults(Lines first) {
  first.insert(first.end(), kDefaults.begin(), kDefaults.end());
  return first;
}

TEST(V1Devices, AreDeniedButForTheDefaults) {
  EXPECT_EQ(v1("[]"), with_defaults({"deny a"}));
  EXPECT_EQ(v1(R"([{"allow": false, "access": "rwm"}])"), with_defaults({"deny a"}));
}

TEST(V1Devices, AllowedOnesComeBeforeTheDefaults) {
  EXPECT_EQ(v1(R"([{"allow": false}, {"allow": true, "type": "c", "major": 10, "minor": 229,
                    "access": "rw"}, {"allow": true, "type": "b", "major": 8}])"),
            with_defaults({"deny a", "allow c 10:229 rw", "allow b 8:* rwm"}));
}

TEST(V1Devices, TypeAWithNumbersIsBothTypes) {
  EXPECT_EQ(v1(R"([{"allow": true, "type": "a", "major": 10, "minor": 229, "access": "r"}])"),
            with_defaults({"deny a", "allow b 10:229 r", "allow c 10:229 r"}));
}

TEST(V1Devices, EverythingMayBeAllowed) {
  EXPECT_EQ(v1(R"([{"allow": true}])"), Lines{"allow a"});
  EXPECT_EQ(v1(R"([{"allow": true}, {"allow": false, "type": "b", "major": 8, "access": "w"}])"),
            (Lines{"allow a", "deny b 8:* w"}));
}

TEST(V1Devices, ALaterRuleTakesBackWhatItCovers) {
  EXPECT_EQ(v1(R"([{"allow": true, "type": "b", "major": 8, "minor": 1},
                   {"allow": false, "type": "b", "major": 8, "access": "w"}])"),
            with_defaults({"deny a", "allow b 8:1 rm"}));
  EXPECT_EQ(v1(R"([{"allow": true, "type": "b", "major": 8, "access": "r"},
                   {"allow": false, "type": "b", "access": "rw"}])"),
            with_defaults({"deny a"}));
}

TEST(V1Devices, AnExceptionFromAnExceptionIsRefused) {
  EXPECT_EQ(message_of([] {
              v1(R"([{"allow": true, "type": "b", "major": 8},
                     {"allow": false, "type": "b", "major": 8, "minor": 1, "access": "w"}])");
            }),
            "linux.resources.devices[1]: cgroup v1 cannot except it from what "
            "linux.resources.devices[0] allows");
  EXPECT_EQ(
      message_of([] { v1(R"([{"allow": true}, {"allow": false, "type": "c", "access": "w"}])"); }),
      "linux.resources.devices[1]: it denies devices that every container has, and cgroup v1 "
      "cannot except them");
}

// What the rules mean, said in the simplest way.
bool means_allowed(const std::vector<DeviceRule>& rules, char type, int64_t major, int64_t minor,
                   const std::string& access) {
  for (const char kind : access) {
    bool allowed = false;
    for (const DeviceRule& rule : rules) {
      const bool speaks =
          (rule.type == 'a' || rule.type == type) && (!rule.major || *rule.major == major) &&
          (!rule.minor || *rule.minor == minor) && rule.access.find(kind) != std::string::npos;
      if (speaks) allowed = rule.allow;
    }
    if (!allowed) return false;
  }
  return true;
}

// Runs the few kinds of instruction that a program of ours has.
bool run(const std::vector<bpf_insn>& program, char type, int64_t major, int64_t minor,
         const std::string& access) {
  uint32_t bits = 0;
  for (const char kind : access) {
    bits |= kind == 'r'   ? uint32_t{BPF_DEVCG_ACC_READ}
            : kind == 'w' ? uint32_t{BPF_DEVCG_ACC_WRITE}
                          : uint32_t{BPF_DEVCG_ACC_MKNOD};
  }
  const uint32_t type_bits = type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR;
  const std::array<uint32_t, 3> context = {bits << 16 | type_bits, static_cast<uint32_t>(major),
                                           static_cast<uint32_t>(minor)};
  std::array<uint64_t, 11> r{};
  for (size_t at = 0; at < program.size(); ++at) {
    const bpf_insn& i = program[at];
    const auto value = static_cast<uint32_t>(i.imm);
    const auto jump = static_cast<size_t>(i.off);
    switch (i.code) {
      case BPF_LDX | BPF_MEM | BPF_W:
        r[i.dst_reg] = context.at(jump / 4);
        break;
      case BPF_ALU | BPF_X | BPF_MOV:
        r[i.dst_reg] = static_cast<uint32_t>(r[i.src_reg]);
        break;
      case BPF_ALU64 | BPF_K | BPF_MOV:
        r[i.dst_reg] = value;
        break;
      case BPF_ALU | BPF_K | BPF_AND:
        r[i.dst_reg] = static_cast<uint32_t>(r[i.dst_reg]) & value;
        break;
      case BPF_ALU | BPF_K | BPF_RSH:
        r[i.dst_reg] = static_cast<uint32_t>(r[i.dst_reg]) >> value;
        break;
      case BPF_JMP | BPF_K | BPF_JNE:
        at += r[i.dst_reg] != value ? jump : 0;
        break;
      case BPF_JMP | BPF_K | BPF_JEQ:
        at += r[i.dst_reg] == value ? jump : 0;
        break;
      case BPF_JMP | BPF_EXIT:
        return r[0] != 0;
      default:
        ADD_FAILURE() << "instruction " << unsigned{i.code};
        return false;
    }
  }
  ADD_FAILURE() << "ran off the end";
  return false;
}

constexpr std::array<const char*, 7> kAccess = {"r", "w", "m", "rw", "rm", "wm", "rwm"};

void expect_same(const std::vector<DeviceRule>& rules) {
  const std::vector<bpf_insn> program = device_program(rules);
  for (const char type : {'b', 'c'}) {
    for (const int64_t major : {1, 5, 8, 136}) {
      for (const int64_t minor : {0, 1, 2, 3}) {
        for (const char* access : kAccess) {
          ASSERT_EQ(run(program, type, major, minor, access),
                    means_allowed(rules, type, major, minor, access))
              << type << ' ' << major << ':' << minor << ' ' << access;
        }
      }
    }
  }
}

TEST(DeviceProgram, DecidesAsTheRulesMean) {
  std::mt19937 random(7);
  const auto pick = [&](auto... options) {
    const std::array list{options...};
    return list.at(random() % list.size());
  };
  for (int round = 0; round < 300; ++round) {
    std::vector<DeviceRule> wished;
    for (size_t n = random() % 6; n > 0; --n) {
      DeviceRule rule;
      rule.allow = random() % 2 == 0;
      rule.type = pick('a', 'b', 'c');
      if (random() % 2 == 0) rule.major = pick(1, 5, 8, 136);
      if (random() % 2 == 0) rule.minor = pick(0, 1, 2, 3);
      rule.access = kAccess.at(random() % kAccess.size());
      wished.push_back(rule);
    }
    expect_same(device_rules(wished));
    if (HasFatalFailure()) return;
  }
}

TEST(DeviceProgram, ForEverythingIsAReturn) {
  std::vector<DeviceRule> rules = parsed(R"([{"allow": true}])");
  EXPECT_EQ(device_program(rules).size(), 8u);
  EXPECT_TRUE(run(device_program(rules), 'b', 8, 1, "rwm"));
}

}  // namespace
}  // namespace berth::runtime::resources
