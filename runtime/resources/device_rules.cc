#include "runtime/resources/device_rules.h"

#include <string_view>
#include <utility>

#include "base/error.h"

namespace berth::runtime::resources {
namespace {

using spec::DeviceRule;

// As runc has them: mknod of anything, the devices of runtime-spec's "Default Devices", terminals,
// and /dev/net/tun, which images make themselves (runc 1.2.0 was without it, 1.2.4 is not).
std::vector<DeviceRule> defaults() {
  std::vector<DeviceRule> rules;
  for (const char type : {'c', 'b'}) {
    rules.push_back({.allow = true, .type = type, .major = {}, .minor = {}, .access = "m"});
  }
  for (const auto& [major, minor] :
       {std::pair{1, 3}, {1, 8}, {1, 7}, {5, 0}, {1, 5}, {1, 9}, {136, -1}, {5, 2}, {10, 200}}) {
    DeviceRule rule{.allow = true, .type = 'c', .major = major, .minor = {}, .access = "rwm"};
    if (minor >= 0) rule.minor = minor;
    rules.push_back(std::move(rule));
  }
  return rules;
}

bool has(const DeviceRule& rule, char access) {
  return rule.access.find(access) != std::string::npos;
}

std::string numbers(const DeviceRule& rule) {
  const auto number = [](const std::optional<int64_t>& of) {
    return of ? std::to_string(*of) : "*";
  };
  return number(rule.major) + ":" + number(rule.minor);
}

bool covers(const std::optional<int64_t>& wide, const std::optional<int64_t>& narrow) {
  return !wide || wide == narrow;
}

bool meets(const std::optional<int64_t>& a, const std::optional<int64_t>& b) {
  return !a || !b || a == b;
}

std::string without(const std::string& access, const std::string& gone) {
  std::string left;
  for (const char kind : access) {
    if (gone.find(kind) == std::string::npos) left += kind;
  }
  return left;
}

std::vector<DeviceRule> expanded(const DeviceRule& rule) {
  if (rule.type != 'a' || is_about_everything(rule)) return {rule};
  DeviceRule block = rule, character = rule;
  block.type = 'b';
  character.type = 'c';
  return {block, character};
}

// The kernel's state: what is so by default, and what is not so.
class V1State {
 public:
  // `index` of the wished rule, for messages; -1: one of the defaults.
  void add(const DeviceRule& rule, int index) {
    if (is_about_everything(rule)) {
      allow_ = rule.allow;
      exceptions_.clear();
    } else if (rule.allow == allow_) {
      remove(rule, index);
    } else {
      exceptions_.emplace_back(rule, index);
    }
  }

  std::vector<DeviceWrite> writes() const {
    std::vector<DeviceWrite> list = {{allow_ ? "devices.allow" : "devices.deny", "a"}};
    for (const auto& [rule, index] : exceptions_) {
      list.push_back({allow_ ? "devices.deny" : "devices.allow",
                      std::string(1, rule.type) + " " + numbers(rule) + " " + rule.access});
    }
    return list;
  }

 private:
  void remove(const DeviceRule& rule, int index) {
    for (auto& [exception, of] : exceptions_) {
      const std::string left = without(exception.access, rule.access);
      const bool touched = exception.type == rule.type && meets(exception.major, rule.major) &&
                           meets(exception.minor, rule.minor) && left != exception.access;
      if (!touched) continue;
      if (!covers(rule.major, exception.major) || !covers(rule.minor, exception.minor)) {
        fail(index, of);
      }
      exception.access = left;
    }
    std::erase_if(exceptions_, [](const auto& e) { return e.first.access.empty(); });
  }

  [[noreturn]] void fail(int index, int earlier) const {
    const auto key = [](int of) { return "linux.resources.devices[" + std::to_string(of) + "]"; };
    const std::string verb = allow_ ? "denies" : "allows";
    if (index < 0) {
      throw Error(key(earlier) + ": it denies devices that every container has, and cgroup v1 " +
                  "cannot except them");
    }
    throw Error(key(index) + ": cgroup v1 cannot except it from what " + key(earlier) + " " + verb);
  }

  bool allow_ = false;
  std::vector<std::pair<DeviceRule, int>> exceptions_;
};

}  // namespace

bool is_about_everything(const DeviceRule& rule) {
  return rule.type == 'a' && !rule.major && !rule.minor && has(rule, 'r') && has(rule, 'w') &&
         has(rule, 'm');
}

std::vector<DeviceRule> device_rules(const std::vector<DeviceRule>& wished) {
  std::vector<DeviceRule> rules = {
      {.allow = false, .type = 'a', .major = {}, .minor = {}, .access = "rwm"}};
  for (const DeviceRule& rule : wished) {
    for (DeviceRule& one : expanded(rule)) rules.push_back(std::move(one));
  }
  for (DeviceRule& rule : defaults()) rules.push_back(std::move(rule));
  return rules;
}

std::vector<DeviceWrite> v1_device_writes(const std::vector<DeviceRule>& wished) {
  V1State state;
  for (size_t i = 0; i < wished.size(); ++i) {
    for (const DeviceRule& rule : expanded(wished[i])) state.add(rule, static_cast<int>(i));
  }
  for (const DeviceRule& rule : defaults()) state.add(rule, -1);
  return state.writes();
}

}  // namespace berth::runtime::resources
