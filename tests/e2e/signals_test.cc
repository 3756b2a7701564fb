// What `kill` and other senders reach at each point of a container's life.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>

#include "base/file.h"
#include "base/process_identity.h"
#include "tests/e2e/runtime_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void without_pid_namespace(json& config) {
  auto& all = config["linux"]["namespaces"];
  std::erase_if(all.get_ref<json::array_t&>(), [](const json& ns) { return ns["type"] == "pid"; });
}

class Signals : public RuntimeFixture {
 protected:
  // Its output is nobody's, so that nobody waits for it.
  std::string start(const std::vector<std::string>& verb) {
    const std::string c = id();
    std::vector<std::string> words{"sh",     "-c",  "exec \"$@\" >/dev/null 2>&1", "sh", kBerth,
                                   "--root", root()};
    words.insert(words.end(), verb.begin(), verb.end());
    words.insert(words.end(), {"-b", bundle(), c});
    const Ran ran = run(words);
    EXPECT_EQ(ran.status, 0) << ran;
    return c;
  }
  std::vector<int> processes(const std::string& container) const {
    const Ran ran = berth({"ps", "-f", "json", container});
    return ran.status == 0 ? json::parse(ran.out).get<std::vector<int>>() : std::vector<int>{};
  }
};

// It is process 1 of its namespace, which the kernel lets have no signal without a handler.
TEST_F(Signals, EndAWaitingProcess) {
  for (const char* signal : {"TERM", "INT", "HUP", "QUIT"}) {
    const std::string c = start({"create"});
    ASSERT_EQ(status(c), "created");
    EXPECT_EQ(berth({"kill", c, signal}).status, 0);
    EXPECT_EQ(await(c, "stopped"), "stopped") << signal;
    EXPECT_EQ(berth({"delete", c}).status, 0);
    EXPECT_THAT(remains(c), IsEmpty());
  }
}

TEST_F(Signals, AreTheProgramsOwnOnceItIsStarted) {
  folder_.write("out", "");
  script("grep -E 'Sig(Ign|Cgt|Blk)' /proc/self/status; trap '' TERM; echo armed; exec sleep 300");
  const std::string c = id(), out = folder_.path() + "/out";
  const Ran made = run({"sh", "-c", "trap '' HUP PIPE USR1 XFSZ; exec \"$@\" >" + out, "sh", kBerth,
                        "--root", root(), "create", "-b", bundle(), c});
  ASSERT_EQ(made.status, 0) << made;
  ASSERT_EQ(berth({"start", c}).status, 0);
  const auto said = [&] { return read_file(AT_FDCWD, out); };
  for (int i = 0; i < 500 && said().find("armed") == std::string::npos; ++i) ::usleep(10'000);
  EXPECT_THAT(said(), HasSubstr("SigBlk:\t0000000000000000"));
  EXPECT_THAT(said(), HasSubstr("SigIgn:\t0000000000000001")) << "a hang-up, as who made it";
  EXPECT_THAT(said(), HasSubstr("SigCgt:\t0000000000000000"));
  EXPECT_EQ(berth({"kill", c, "TERM"}).status, 0);
  EXPECT_EQ(berth({"kill", c, "0"}).status, 0);
  EXPECT_EQ(status(c), "running");
}

TEST_F(Signals, ThatTheCallerIgnoresAreNotIgnoredByWhoJoins) {
  script("exec sleep 300");
  const std::string c = start({"run", "--detach"});
  const Ran ran = run({"sh", "-c", "trap '' PIPE; exec \"$@\"", "sh", kBerth, "--root", root(),
                       "exec", c, "grep", "SigIgn", "/proc/self/status"});
  EXPECT_THAT(ran.out, HasSubstr("SigIgn:\t0000000000000000")) << ran;
}

TEST_F(Signals, ReachNoStoppedContainer) {
  script("exec sleep 300");
  const std::string c = start({"run", "--detach"});
  ASSERT_EQ(berth({"kill", c, "KILL"}).status, 0);
  ASSERT_EQ(await(c, "stopped"), "stopped");
  const Ran refused = berth({"kill", c, "0"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("container not running"));
  EXPECT_EQ(berth({"kill", "--all", c, "0"}).status, 0) << "as callers of old expect";
}

TEST_F(Signals, ReachAllWithoutAPidNamespace) {
  configure(without_pid_namespace);
  script("trap 'exit 3' TERM; sleep 300 & sleep 300 & while :; do sleep 0.05; done");
  const std::string c = start({"run", "--detach"});
  for (int i = 0; i < 500 && processes(c).size() < 3; ++i) ::usleep(10'000);
  EXPECT_EQ(berth({"kill", "--all", c, "TERM"}).status, 0);
  EXPECT_EQ(await(c, "stopped"), "stopped");
  for (int i = 0; i < 500 && !processes(c).empty(); ++i) ::usleep(10'000);
  EXPECT_THAT(processes(c), IsEmpty());
}

// Its first process' end is not theirs; the container counts as stopped.
TEST_F(Signals, ReachThoseWhoOutliveTheFirst) {
  configure(without_pid_namespace);
  script("sleep 300 & exec sleep 300");
  const std::string c = start({"run", "--detach"});
  for (int i = 0; i < 500 && processes(c).size() < 2; ++i) ::usleep(10'000);
  const std::vector<int> all = processes(c);
  ::kill(state(c).value("pid", 0), SIGKILL);
  ASSERT_EQ(await(c, "stopped"), "stopped");
  const Ran ran = berth({"kill", c, "KILL"});
  EXPECT_EQ(ran.status, 0) << ran << all.size() << " processes before";
  for (const int pid : all) {
    for (int i = 0; i < 500 && start_time_of(pid); ++i) ::usleep(10'000);
    EXPECT_FALSE(start_time_of(pid));
  }
}

// The kernel's word for a process that is being reaped.
TEST_F(Signals, AProcessThatGoesMeanwhileIsNoFailure) {
  configure(without_pid_namespace);
  script("sleep 300 & exec sleep 300");
  const std::string c = start({"run", "--detach"});
  for (int i = 0; i < 500 && processes(c).size() < 2; ++i) ::usleep(10'000);
  const Ran ran = run({"strace", "-f", "-o", folder_.path() + "/trace", "-e",
                       "inject=pidfd_open:error=EINVAL:when=1..2", kBerth, "--root", root(), "kill",
                       c, "KILL"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(await(c, "stopped"), "stopped");
  EXPECT_THAT(read_file(AT_FDCWD, folder_.path() + "/trace"), HasSubstr("EINVAL"));
}

TEST_F(Signals, AreSentByADeletionThatForces) {
  configure(without_pid_namespace);
  script("sleep 300 & exec sleep 300");
  const std::string c = start({"run", "--detach"});
  const Ran refused = berth({"delete", c});
  EXPECT_EQ(refused.status, 1);
  EXPECT_EQ(refused.err,
            "berth: cannot delete container '" + c + "' that is not stopped: it is running\n");
  for (int i = 0; i < 500 && processes(c).size() < 2; ++i) ::usleep(10'000);
  const std::vector<int> all = processes(c);
  EXPECT_EQ(berth({"delete", "--force", c}).status, 0);
  for (const int pid : all) EXPECT_FALSE(start_time_of(pid));
  EXPECT_THAT(remains(c), IsEmpty());
}

}  // namespace
}  // namespace berth::test
