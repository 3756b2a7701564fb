// Every wrong configuration of the parser's table, by `berth create`: status 1, that one line, and
// nothing is left of it.
#include <gmock/gmock.h>

#include "tests/e2e/runtime_fixture.h"
#include "tests/runtime/spec/bad_config/bad_config.h"

namespace berth::test {
namespace {

using ::testing::IsEmpty;

class BadConfigs : public RuntimeFixture {
 protected:
  void write_config(const std::string& text) const {
    std::ofstream(bundle() + "/config.json") << text;
  }
  std::string one_line_for(const BadConfig& bad) const {
    return "berth: bundle '" + bundle() + "': config.json: " + bad.message + "\n";
  }
  // Mounts of this process' namespace that are of this test.
  std::vector<std::string> mounts() const {
    std::vector<std::string> found;
    std::ifstream file("/proc/self/mountinfo");
    for (std::string line; std::getline(file, line);) {
      const bool ours = line.find(bundle()) != std::string::npos ||
                        line.find(folder_.path()) != std::string::npos;
      if (ours) found.push_back(line);
    }
    return found;
  }
};

TEST_F(BadConfigs, TheOneThatIsPatchedRuns) {
  write_config(good_config());
  const std::string c = id();
  const Ran ran = berth({"run", "-b", bundle(), c});
  EXPECT_EQ(ran.status, 0) << ran;
}

TEST_F(BadConfigs, AreRefusedInOneLineAndLeaveNothing) {
  const std::vector<std::string> mounts_before = mounts();
  const std::string c = id();
  const std::string pid_file = folder_.path() + "/pid";
  for (const BadConfig& bad : all_bad_configs()) {
    write_config(patched_config(bad.patch));
    const Ran ran = berth({"create", "-b", bundle(), "--pid-file", pid_file, c});
    EXPECT_EQ(ran.status, 1) << bad.patch;
    EXPECT_EQ(ran.err, one_line_for(bad)) << bad.patch;
    EXPECT_EQ(ran.out, "") << bad.patch;
    EXPECT_THAT(remains(c), IsEmpty()) << bad.patch;
    EXPECT_FALSE(std::filesystem::exists(pid_file)) << bad.patch;
  }
  EXPECT_EQ(mounts(), mounts_before);
  EXPECT_EQ(run({"pgrep", "-f", "berth --root " + root()}).out, "");
}

// Once for each area: the log's form, and the verb that also starts.
TEST_F(BadConfigs, TheLogHasTheSameLine) {
  const std::string log = folder_.path() + "/log";
  for (const auto& area : {bad_top(), bad_hooks(), bad_process(), bad_scheduling(),
                           bad_namespaces(), bad_devices(), bad_memory_and_cpu(), bad_block_io(),
                           bad_other_resources(), bad_seccomp(), bad_rest_of_linux()}) {
    write_config(patched_config(area.front().patch));
    const std::string c = id();
    const Ran ran = berth({"--log", log, "--log-format", "json", "run", "-b", bundle(), c});
    EXPECT_EQ(ran.status, 1);
    const auto line = nlohmann::json::parse(read_file(AT_FDCWD, log));
    EXPECT_EQ("berth: " + line.value("msg", "") + "\n", one_line_for(area.front()));
    std::filesystem::remove(log);
  }
}

}  // namespace
}  // namespace berth::test
