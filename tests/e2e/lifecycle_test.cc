// An OCI container's life by berth's verbs, as podman and containerd use them.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/process_identity.h"
#include "tests/e2e/runtime_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Lifecycle : public RuntimeFixture {};

TEST_F(Lifecycle, GoesFromCreatedToRunningToStoppedToGone) {
  script("echo begun; exec sleep 300");
  const std::string c = id(), pid_file = folder_.path() + "/pid", out = folder_.path() + "/out";
  // Its own output, so that who waits for create's does not wait for it.
  const Ran made = run({"sh", "-c", "exec \"$@\" >" + out + " 2>&1", "sh", kBerth, "--root", root(),
                        "create", "--bundle", bundle(), "--pid-file", pid_file, c});
  ASSERT_EQ(made.status, 0) << made << read_file(AT_FDCWD, out);
  const json created = state(c);
  EXPECT_EQ(created.value("status", ""), "created");
  EXPECT_EQ(created.value("bundle", ""), bundle());
  EXPECT_EQ(std::to_string(created.value("pid", 0)), read_file(AT_FDCWD, pid_file));
  EXPECT_EQ(read_file(AT_FDCWD, out), "") << "it must not have begun";

  const Ran early = berth({"delete", c + "x"});
  EXPECT_EQ(early.status, 1);
  EXPECT_EQ(early.err, "berth: container '" + c + "x' does not exist\n");

  ASSERT_EQ(berth({"start", c}).status, 0);
  EXPECT_EQ(status(c), "running");
  EXPECT_EQ(state(c).value("pid", 0), created.value("pid", -1)) << "the same process";
  for (int i = 0; i < 500 && read_file(AT_FDCWD, out).empty(); ++i) ::usleep(10'000);
  EXPECT_EQ(read_file(AT_FDCWD, out), "begun\n");

  const Ran again = berth({"start", c});
  EXPECT_EQ(again.status, 1);
  EXPECT_EQ(again.err, "berth: cannot start container '" + c + "': it is running\n");
  const Ran living = berth({"delete", c});
  EXPECT_EQ(living.status, 1);
  EXPECT_THAT(living.err, HasSubstr("that is not stopped: it is running"));

  ASSERT_EQ(berth({"kill", c, "SIGKILL"}).status, 0);
  EXPECT_EQ(await(c, "stopped"), "stopped");
  EXPECT_EQ(state(c).value("pid", -1), 0);
  const Ran dead = berth({"kill", c});
  EXPECT_EQ(dead.status, 1);
  EXPECT_THAT(dead.err, HasSubstr("container not running"));

  EXPECT_EQ(berth({"delete", c}).status, 0);
  EXPECT_EQ(status(c), "none");
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(Lifecycle, ACreatedContainerCanBeDeleted) {
  const std::string c = id();
  ASSERT_EQ(berth({"create", "-b", bundle(), c}).status, 0);
  const int pid = state(c).value("pid", 0);
  ASSERT_GT(pid, 0);
  EXPECT_EQ(berth({"delete", c}).status, 0);
  EXPECT_FALSE(start_time_of(pid)) << "its process is gone";
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(Lifecycle, ForceEndsALivingOneAndAllThatItStarted) {
  script("sleep 300 & sleep 300 & sleep 300");
  const std::string c = id();
  ASSERT_EQ(berth({"run", "--detach", "-b", bundle(), c}).status, 0);
  EXPECT_EQ(status(c), "running");
  EXPECT_EQ(berth({"delete", "--force", c}).status, 0);
  EXPECT_THAT(remains(c), IsEmpty());
  EXPECT_EQ(berth({"delete", "--force", c}).status, 0)
      << "none of that id is no error with --force";
}

TEST_F(Lifecycle, RunGivesTheProgramsStatusAndLeavesNothing) {
  script("exit 9");
  const std::string c = id();
  EXPECT_EQ(berth({"run", "-b", bundle(), c}).status, 9);
  EXPECT_THAT(remains(c), IsEmpty());
  EXPECT_EQ(berth({"run", "--keep", "-b", bundle(), c}).status, 9);
  EXPECT_EQ(status(c), "stopped");
}

TEST_F(Lifecycle, RunForwardsSignals) {
  script("trap 'exit 4' USR1; echo up; while :; do sleep 0.05; done");
  const std::string c = id();
  Running running({kBerth, "--root", root(), "run", "-b", bundle(), c});
  for (int i = 0; i < 500 && running.out_so_far() != "up\n"; ++i) ::usleep(10'000);
  ::kill(running.pid(), SIGUSR1);
  EXPECT_EQ(running.wait().status, 4);
}

TEST_F(Lifecycle, AProgramThatIsNotThereFailsAtCreateAndLeavesNothing) {
  configure([](json& config) { config["process"]["args"] = {"absent"}; });
  const std::string c = id(), pid_file = folder_.path() + "/pid";
  const Ran made = berth({"create", "-b", bundle(), "--pid-file", pid_file, c});
  EXPECT_EQ(made.status, 1);
  EXPECT_THAT(made.err, HasSubstr("no such file or directory"));
  EXPECT_THAT(remains(c), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(pid_file));
}

TEST_F(Lifecycle, APidFileThatCannotBeWrittenLeavesNoProcess) {
  script("exec sleep 4242");
  const std::string c = id();
  const Ran made = berth({"create", "-b", bundle(), "--pid-file", "/proc/none/pid", c});
  EXPECT_EQ(made.status, 1);
  EXPECT_THAT(made.err, HasSubstr("/proc/none"));
  EXPECT_THAT(remains(c), IsEmpty());
  EXPECT_EQ(run({"pgrep", "-f", "berth --root " + root()}).out, "");
}

TEST_F(Lifecycle, AWaitingProcessHoldsNothingOfTheHostsAndLeadsASession) {
  const std::string c = id();
  ASSERT_EQ(berth({"create", "-b", bundle(), c}).status, 0);
  const int pid = state(c).value("pid", 0);
  const std::string folder = "/proc/" + std::to_string(pid) + "/fd";
  size_t sockets = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (std::stoi(entry.path().filename()) < 3) continue;
    const std::string target = std::filesystem::read_symlink(entry);
    EXPECT_THAT(target, ::testing::StartsWith("socket:"));
    ++sockets;
  }
  EXPECT_EQ(sockets, 2U) << "its gate, and the one that it was made by";
  EXPECT_EQ(::getsid(pid), pid);
}

// Without a cgroup nothing but the record and the maker knows its processes.
class UsersLifecycle : public RuntimeFixture {
 protected:
  std::vector<std::string> words(std::vector<std::string> more) const {
    more.insert(more.begin(), {kBerth, "--root", users_.path() + "/state"});
    return more;
  }
  Ran berth(const std::vector<std::string>& more) const {
    return run(words(more), {.user = "nobody"});
  }
  // Processes that were started with this test's state root.
  std::string processes() const {
    return run({"pgrep", "-f", "berth --root " + users_.path()}).out;
  }
  TemporaryFolder users_{01777};
};

TEST_F(UsersLifecycle, AFailedCreationLeavesNoProcess) {
  const Ran made = berth({"create", "-b", bundle(), "--pid-file", "/proc/none/pid", "c"});
  EXPECT_EQ(made.status, 1);
  EXPECT_THAT(made.err, HasSubstr("/proc/none"));
  EXPECT_EQ(processes(), "");
  EXPECT_FALSE(std::filesystem::exists(users_.path() + "/state/c"));
}

TEST_F(UsersLifecycle, ADeletionThatWaitedForACreationDeletesWhatCameOfIt) {
  configure([](json& config) {
    config["hooks"] = {{"createRuntime", {{{"path", "/bin/sleep"}, {"args", {"sleep", "1"}}}}}};
  });
  Running creating(words({"create", "-b", bundle(), "c"}), {.user = "nobody"});
  const std::string record = users_.path() + "/state/c/state.json";
  for (int i = 0; i < 500 && !std::filesystem::exists(record); ++i) ::usleep(2'000);
  ASSERT_EQ(json::parse(berth({"state", "c"}).out).value("status", ""), "creating");
  const Ran deleted = berth({"delete", "--force", "c"});
  EXPECT_EQ(deleted.status, 0) << deleted;
  EXPECT_EQ(creating.wait().status, 0);
  EXPECT_FALSE(std::filesystem::exists(users_.path() + "/state/c"));
  EXPECT_EQ(processes(), "");
}

TEST_F(Lifecycle, AProgramThatCannotBeExecutedFailsAtStart) {
  const std::string c = id();
  std::ofstream(bundle() + "/rootfs/garbage") << "no program";
  ::chmod((bundle() + "/rootfs/garbage").c_str(), 0755);
  configure([](json& config) { config["process"]["args"] = {"/garbage"}; });
  ASSERT_EQ(berth({"create", "-b", bundle(), c}).status, 0);
  const Ran started = berth({"start", c});
  EXPECT_EQ(started.status, 1);
  EXPECT_THAT(started.err, HasSubstr("'/garbage'"));
  EXPECT_EQ(await(c, "stopped"), "stopped");
  EXPECT_EQ(berth({"delete", c}).status, 0);
}

TEST_F(Lifecycle, TheSecondOfAnIdIsRefusedAndTheFirstLivesOn) {
  const std::string c = id();
  ASSERT_EQ(berth({"create", "-b", bundle(), c}).status, 0);
  const Ran second = berth({"create", "-b", bundle(), c});
  EXPECT_EQ(second.status, 1);
  EXPECT_EQ(second.err, "berth: container '" + c + "' exists already\n");
  EXPECT_EQ(status(c), "created");
}

TEST_F(Lifecycle, ListHasThemAll) {
  const std::string a = id("a"), b = id("b");
  EXPECT_EQ(berth({"list", "-q"}).out, "") << "there is none yet";
  ASSERT_EQ(berth({"create", "-b", bundle(), a}).status, 0);
  ASSERT_EQ(berth({"create", "-b", bundle(), b}).status, 0);
  EXPECT_EQ(berth({"list", "-q"}).out, a + "\n" + b + "\n");
  const json all = json::parse(berth({"list", "--format", "json"}).out);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].value("id", ""), a);
  EXPECT_EQ(all[0].value("owner", ""), "root");
  EXPECT_THAT(berth({"list"}).out, HasSubstr("STATUS"));
  ASSERT_EQ(berth({"delete", a}).status, 0);
  EXPECT_EQ(berth({"list", "-q"}).out, b + "\n");
}

TEST_F(Lifecycle, ErrorsGoToTheLogInTheFormThatCallersParse) {
  const std::string log = folder_.path() + "/log";
  EXPECT_EQ(berth({"--log", log, "--log-format", "json", "start", "none"}).status, 1);
  const json line = json::parse(read_file(AT_FDCWD, log));
  EXPECT_EQ(line.value("level", ""), "error");
  EXPECT_EQ(line.value("msg", ""), "container 'none' does not exist");
  EXPECT_THAT(line.value("time", ""), ::testing::MatchesRegex("20..-..-..T..:..:..Z"));
}

TEST_F(Lifecycle, ErrorsOnTheCommandLineGoToTheLogToo) {
  const std::string log = folder_.path() + "/log";
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong{
      {{"create", "--no-such", id()}, "unexpected argument '--no-such'"},
      {{"start"}, "id is required"},
      {{"start", "a", "b"}, "unexpected argument 'b'"},
      {{"--no-such", "list"}, "unexpected argument '--no-such'"},
      {{"no-such"}, "unknown verb 'no-such'"},
      {{}, "a subcommand is required"},
  };
  for (const auto& [words, message] : wrong) {
    std::vector<std::string> all{"--log", log, "--log-format", "json"};
    all.insert(all.end(), words.begin(), words.end());
    const Ran ran = berth(all);
    EXPECT_EQ(ran.status, 1) << message;
    EXPECT_EQ(ran.err, "berth: " + message + " (see berth --help)\n");
    EXPECT_EQ(json::parse(read_file(AT_FDCWD, log)).value("msg", ""),
              message + " (see berth --help)");
    std::filesystem::remove(log);
  }
}

TEST_F(Lifecycle, KillTakesNamesAndNumbers) {
  script("trap 'echo term; exit 3' TERM; trap 'echo rt' 36; echo up; while :; do sleep 0.05; done");
  const std::string c = id();
  Running running({kBerth, "--root", root(), "run", "-b", bundle(), c});
  for (int i = 0; i < 500 && running.out_so_far() != "up\n"; ++i) ::usleep(10'000);
  EXPECT_EQ(berth({"kill", c, "RTMIN+2"}).status, 0);
  for (int i = 0; i < 500 && running.out_so_far() != "up\nrt\n"; ++i) ::usleep(10'000);
  EXPECT_EQ(berth({"kill", c}).status, 0);
  EXPECT_EQ(running.wait().out, "up\nrt\nterm\n");
  const Ran bad = berth({"kill", c, "SIGNOT"});
  EXPECT_EQ(bad.status, 1);
  EXPECT_THAT(bad.err, HasSubstr("unknown signal 'SIGNOT'"));
}

TEST_F(Lifecycle, KillAllReachesEachProcess) {
  script(
      "trap 'echo first' USR1; sh -c \"trap 'echo second' USR1; echo up; "
      "while :; do sleep 0.05; done\" & while :; do sleep 0.05; done");
  const std::string c = id();
  Running running({kBerth, "--root", root(), "run", "-b", bundle(), c});
  for (int i = 0; i < 500 && running.out_so_far() != "up\n"; ++i) ::usleep(10'000);
  EXPECT_EQ(berth({"kill", c, "USR1"}).status, 0);
  for (int i = 0; i < 500 && running.out_so_far() != "up\nfirst\n"; ++i) ::usleep(10'000);
  ASSERT_EQ(running.out_so_far(), "up\nfirst\n");
  EXPECT_EQ(berth({"kill", "--all", c, "USR1"}).status, 0);
  for (int i = 0; i < 500 && running.out_so_far().find("second") == std::string::npos; ++i) {
    ::usleep(10'000);
  }
  EXPECT_THAT(running.out_so_far(), HasSubstr("second\n"));
  EXPECT_EQ(berth({"kill", c, "KILL"}).status, 0);
  EXPECT_EQ(running.wait().status, 128 + SIGKILL);
}

TEST_F(Lifecycle, ATerminalWantsSomebodyToShowIt) {
  const Ran useless = berth({"create", "-b", bundle(), "--console-socket", "/tmp/none", id("a")});
  EXPECT_EQ(useless.status, 1);
  EXPECT_THAT(useless.err, HasSubstr("--console-socket: process.terminal is not true"));
  configure([](json& config) { config["process"]["terminal"] = true; });
  for (const std::vector<std::string>& verb :
       {std::vector<std::string>{"create"}, std::vector<std::string>{"run", "--detach"}}) {
    std::vector<std::string> words = verb;
    const std::string c = id(verb.front());
    words.insert(words.end(), {"-b", bundle(), c});
    const Ran alone = berth(words);
    EXPECT_NE(alone.status, 0);
    EXPECT_THAT(alone.err, HasSubstr("--console-socket is wanted")) << alone;
    EXPECT_THAT(remains(c), IsEmpty());
  }
}

TEST_F(Lifecycle, ATerminalIsShownByTheForegroundOrSentAway) {
  configure([](json& config) { config["process"]["terminal"] = true; });
  script("tty >/dev/null && printf 'a\\nb\\n'");
  const Ran shown = berth({"run", "-b", bundle(), id("a")});
  EXPECT_EQ(shown.out, "a\nb\n") << shown << "lines end as the program wrote them";
  const Ran both = berth({"run", "--console-socket", "/tmp/none", "-b", bundle(), id("b")});
  EXPECT_EQ(both.status, 1);
  EXPECT_THAT(both.err, HasSubstr("--console-socket: this process stays and shows the terminal"));
}

TEST_F(Lifecycle, TheSessionKeyringIsItsOwnUnlessItIsNotTo) {
  configure([](json& config) { config["linux"]["maskedPaths"] = json::array(); });
  script("cat /proc/keys");
  const std::string c = id();
  EXPECT_THAT(berth({"run", "-b", bundle(), c}).out, HasSubstr("_ses." + c));
  const std::string other = id("b");  // a keyring is listed for a while after its end
  EXPECT_THAT(berth({"run", "--no-new-keyring", "-b", bundle(), other}).out,
              ::testing::Not(HasSubstr("_ses." + other)));
}

TEST_F(Lifecycle, AnExecHasTheContainersSessionKeyringIfItHasOne) {
  configure([](json& config) { config["linux"]["maskedPaths"] = json::array(); });
  script("exec sleep 300");
  const std::string with = id(), without = id("b");
  ASSERT_EQ(berth({"run", "-d", "-b", bundle(), with}).status, 0);
  ASSERT_EQ(berth({"run", "-d", "--no-new-keyring", "-b", bundle(), without}).status, 0);
  EXPECT_THAT(berth({"exec", with, "cat", "/proc/keys"}).out, HasSubstr("_ses." + with));
  const Ran ran = berth({"exec", without, "cat", "/proc/keys"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(ran.out, ::testing::Not(HasSubstr("_ses." + without)));
}

}  // namespace
}  // namespace berth::test
