// Containers whose cgroup systemd makes, where it is process 1.
#pragma once

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/e2e/runtime_fixture.h"

namespace berth::test {

class Systemd : public RuntimeFixture {
 protected:
  void SetUp() override {
    RuntimeFixture::SetUp();
    if (!std::filesystem::exists("/run/systemd/system")) {
      GTEST_SKIP() << "systemd is not process 1: /run/systemd/system: " << errno_text(ENOENT);
    }
    script("while :; do sleep 1; done");
  }
  Ran with_systemd(std::vector<std::string> words) const {
    words.insert(words.begin(), "--systemd-cgroup");
    return berth(words);
  }
  // A container that runs; its id.
  std::string running(const std::string& name = "a") {
    std::string container = id(name);
    const Ran ran = with_systemd({"run", "-d", "-b", bundle(), container});
    EXPECT_EQ(ran.status, 0) << ran;
    return container;
  }
  void limit(const nlohmann::json& limits) {
    configure([&](nlohmann::json& config) { config["linux"]["resources"].merge_patch(limits); });
  }
  void cgroups_path(const std::string& path) {
    configure([&](nlohmann::json& config) { config["linux"]["cgroupsPath"] = path; });
  }
  static std::string property(const std::string& unit, const std::string& name) {
    std::string value = run({"systemctl", "show", "-p", name, "--value", unit}).out;
    if (value.ends_with('\n')) value.pop_back();
    return value;
  }
  // All of them by one call: emulated, each takes a second.
  static std::map<std::string, std::string> properties(const std::string& unit) {
    std::map<std::string, std::string> all;
    std::istringstream lines(run({"systemctl", "show", unit}).out);
    for (std::string line; std::getline(lines, line);) {
      const size_t sign = std::min(line.find('='), line.size());
      all[line.substr(0, sign)] = line.substr(std::min(sign + 1, line.size()));
    }
    return all;
  }
  static bool exists(const std::string& unit) { return property(unit, "LoadState") == "loaded"; }
  static std::string cgroup_of(int pid) {
    const std::string text = read_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/cgroup");
    return text.substr(3, text.find('\n') - 3);
  }
  std::string cgroup(const std::string& container) const {
    return cgroup_of(state(container).at("pid").get<int>());
  }
  static std::string file(const std::string& group, const std::string& name) {
    std::string text = read_file(AT_FDCWD, "/sys/fs/cgroup" + group + "/" + name);
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }
  std::string scope(const std::string& container) const { return "berth-" + container + ".scope"; }
};

}  // namespace berth::test
