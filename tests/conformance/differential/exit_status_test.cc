// The exit statuses of runc and berth side by side, command line by command line, and that both
// tell their errors where --log says.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/e2e/runtime_fixture.h"
#include "tests/support/lacking.h"

namespace berth::test {
namespace {

using nlohmann::json;
using Words = std::vector<std::string>;

// In all words RUNNING and CREATED stand for containers that are there, NEW for one that is not,
// and BUNDLE for the bundle.
struct Case {
  Words words;
  std::vector<std::string> args = {};  // process.args
  // Where berth's status is another than runc's, and why.
  std::optional<int> ours = {};
  std::string why = {};
};

const Words kCreate{"create", "-b", "BUNDLE", "NEW"}, kRun{"run", "-b", "BUNDLE", "NEW"};

const std::vector<Case> kCases{
    // A program's own status.
    {kRun, {"true"}},
    {kRun, {"sh", "-c", "exit 7"}},
    {kRun, {"sh", "-c", "kill -9 $$; sleep 1"}},
    {kRun, {"sh", "-c", "exit 125"}},
    // One that is not there, or no program.
    {kRun, {"absent"}},
    {kRun, {"/bin/absent"}},
    {kRun, {"/etc/passwd/x"}},
    {kRun, {"plain"}},
    {kRun, {"/bin/plain"}},
    {kRun, {"/bin"}},
    {kRun, {"lost"}},
    {kRun, {"garbage"}},
    {kCreate, {"absent"}},
    {kCreate, {"/bin/absent"}},
    {kCreate, {"/bin/plain"}},
    {kCreate, {"/bin"}},
    {kCreate, {"garbage"}},
    {{"exec", "RUNNING", "absent"}},
    {{"exec", "-d", "RUNNING", "absent"}},
    {{"exec", "RUNNING", "/bin/absent"}},
    {{"exec", "RUNNING", "/bin/plain"}},
    {{"exec", "RUNNING", "/bin"}},
    {{"exec", "RUNNING", "lost"}},
    {{"exec", "RUNNING", "garbage"}},
    {{"exec", "-d", "RUNNING", "garbage"}, {}, 1, "runc has gone before execve fails"},
    {{"exec", "RUNNING", "sh", "-c", "exit 7"}},
    {{"exec", "RUNNING", "sh", "-c", "kill -9 $$; sleep 1"}},
    {{"exec", "--cwd", "/absent", "RUNNING", "true"}},
    {{"exec", "RUNNING"}},
    {{"exec", "NEW", "true"}},
    // What the container's state does not allow.
    {{"create", "-b", "BUNDLE", "RUNNING"}},
    {{"run", "-b", "BUNDLE", "RUNNING"}},
    {{"start", "RUNNING"}},
    {{"delete", "RUNNING"}},
    {{"kill", "RUNNING", "NOSUCH"}},
    {{"kill", "RUNNING", "0"}},
    {{"resume", "RUNNING"}},
    {{"state", "NEW"}},
    {{"start", "NEW"}},
    {{"kill", "NEW", "KILL"}},
    {{"delete", "NEW"}},
    {{"delete", "--force", "NEW"}},
    {{"pause", "NEW"}},
    {{"resume", "NEW"}},
    {{"ps", "NEW"}},
    {{"events", "--stats", "NEW"}},
    {{"update", "--memory", "100m", "NEW"}},
    {{"state", "CREATED"}},
    {{"ps", "CREATED"}},
    {{"list"}},
    // The bundle.
    {{"create", "-b", "BUNDLE/absent", "NEW"}},
    {{"run", "-b", "BUNDLE/absent", "NEW"}},
    {{"run", "-b", "BUNDLE/rootfs", "NEW"}},
    {{"run", "-b", "BUNDLE", "../NEW"}},
    // The command line.
    {{}, {}, 1, "runc prints its help, berth that a verb is wanted"},
    {{"absent"}, {}, 1, "runc's command line library has a status of its own for it"},
    {{"--absent", "list"}},
    {{"create"}},
    {{"create", "--absent", "NEW"}},
    {{"create", "NEW", "more"}},
    {{"run"}},
    {{"start"}},
    {{"start", "NEW", "more"}},
    {{"state"}},
    {{"kill"}},
    {{"kill", "NEW", "KILL", "more"}},
    {{"delete"}},
    {{"exec"}},
    {{"pause"}},
    {{"ps"}},
    {{"events"}},
    {{"update"}},
    {{"list", "-f", "xml"}},
    {{"--log-format", "xml", "list"}},
    {{"--version"}},
    {{"--help"}},
    {{"create", "--help"}},
    {{"features"}},
};

std::string text_of(const Words& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

class ExitStatus : public RuntimeFixture {
 protected:
  void SetUp() override {
    RuntimeFixture::SetUp();
    if (IsSkipped()) return;
    if (const auto why = lacks_program("runc"); !why.empty()) GTEST_SKIP() << why;
    const std::string bin = bundle() + "/rootfs/bin/";
    std::ofstream(bin + "plain") << "no program";
    std::ofstream(bin + "garbage") << "no program";
    std::ofstream(bin + "lost") << "#!/bin/absent\n";
    for (const char* name : {"garbage", "lost"}) {
      std::filesystem::permissions(bin + name, std::filesystem::perms(0755));
    }
    script("exec sleep 300");
    for (const std::string& runtime : runtimes()) {
      ASSERT_EQ(call(runtime, {"run", "-d", "-b", "BUNDLE", "RUNNING"}).status, 0);
      ASSERT_EQ(call(runtime, {"create", "-b", "BUNDLE", "CREATED"}).status, 0);
    }
  }
  void TearDown() override {
    for (const std::string& runtime : runtimes()) {
      for (const char* name : {"RUNNING", "CREATED"}) {
        (void)call(runtime, {"delete", "--force", name});
      }
    }
  }
  static Words runtimes() { return {kBerth, "runc"}; }
  std::string log() const { return folder_.path() + "/log"; }

  // Its output not in a pipe, which a container would hold open.
  Ran call(const std::string& runtime, const Words& words) const {
    const std::string place =
        folder_.path() + "/" + std::filesystem::path(runtime).filename().string();
    Words all{"sh",           "-c",    "exec \"$@\" >/dev/null 2>&1",
              "sh",           runtime, "--root",
              place,          "--log", log(),
              "--log-format", "json"};
    for (std::string word : words) {
      for (const char* name : {"RUNNING", "CREATED", "NEW"}) {
        if (const size_t at = word.find(name); at != std::string::npos) {
          word.replace(at, std::string(name).size(), folder_.name() + name);
        }
      }
      if (word.starts_with("BUNDLE")) word.replace(0, 6, bundle());
      all.push_back(word);
    }
    return run(all);
  }

  struct Outcome {
    int status = 0;
    std::string log;
  };
  Outcome outcome(const std::string& runtime, const Words& words) const {
    std::filesystem::remove(log());
    const int status = call(runtime, words).status;
    const std::string told = std::filesystem::exists(log()) ? read_file(AT_FDCWD, log()) : "";
    (void)call(runtime, {"delete", "--force", "NEW"});
    return {status, told};
  }
};

TEST_F(ExitStatus, IsRuncsAndErrorsAreLogged) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(text_of(c.words) + " | " + text_of(c.args));
    if (!c.args.empty()) configure([&](json& config) { config["process"]["args"] = c.args; });
    const Outcome ours = outcome(kBerth, c.words), runcs = outcome("runc", c.words);
    if (!runcs.log.empty()) {
      const json told = json::parse(ours.log.substr(0, ours.log.find('\n')));
      EXPECT_EQ(told.value("level", ""), "error");
      EXPECT_NE(told.value("msg", ""), "");
    }
    if (c.ours) {
      EXPECT_EQ(ours.status, *c.ours);
      EXPECT_NE(runcs.status, *c.ours) << "it is no difference any more: " << c.why;
    } else {
      EXPECT_EQ(ours.status, runcs.status);
    }
  }
}

}  // namespace
}  // namespace berth::test
