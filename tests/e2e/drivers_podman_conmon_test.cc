// What a person at a terminal and conmon, podman's monitor, ask of a runtime.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/driver_fixtures.h"
#include "tests/e2e/outer_terminal.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class PodmanAtATerminal : public Podman {
 protected:
  std::vector<std::string> terminal_words(const std::vector<std::string>& more) const {
    std::vector<std::string> all = words();
    all.insert(all.begin(), {"env", "CONTAINERS_CONF=" + folder_.path() + "/containers.conf"});
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  std::string inspect(const std::string& what) const {
    return without_newline(podman({"inspect", "--format", "{{" + what + "}}", "c"}).out);
  }
};

TEST_F(PodmanAtATerminal, ExecHasUserDirectoryAndStatus) {
  ASSERT_EQ(podman_run({"-d", "--name", "c", "berth-test", "sleep", "300"}).status, 0);
  OuterTerminal exec(
      terminal_words({"exec", "-it", "--user", "7:8", "--workdir", "/etc", "--env", "WORD=a b", "c",
                      "sh", "-c", "read line; echo $(id -u):$(id -g) $(pwd) $WORD $line; exit 9"}),
      24, 80);
  exec.press("typed\n");
  EXPECT_EQ(exec.wait(), 9);
  EXPECT_THAT(exec.shown(), HasSubstr("7:8 /etc a b typed\r\n"));
}

TEST_F(PodmanAtATerminal, DetachesByKeysAndAttachesAgain) {
  ASSERT_EQ(podman_run({"-dit", "--name", "c", "berth-test", "sh", "-c",
                        "while read line; do echo got $line; test $line != end || exit 5; done"})
                .status,
            0);
  OuterTerminal first(terminal_words({"attach", "--detach-keys", "ctrl-x", "c"}), 24, 80);
  first.press("one\n");
  EXPECT_TRUE(first.shows("got one")) << first.shown();
  first.press("\x18");
  (void)first.wait();
  EXPECT_EQ(inspect(".State.Status"), "running");
  OuterTerminal second(terminal_words({"attach", "c"}), 24, 80);
  second.press("end\n");
  EXPECT_GE(second.wait(), 0) << second.shown();
  EXPECT_THAT(second.shown(), HasSubstr("got end"));
  EXPECT_EQ(podman({"wait", "c"}).out, "5\n");
}

TEST_F(Podman, FollowsALogUntilTheContainerEnds) {
  ASSERT_EQ(podman_run({"-d", "--name", "c", "berth-test", "sh", "-c",
                        "trap 'echo bye; exit 0' USR2; while :; do echo tick; sleep 0.1; done"})
                .status,
            0);
  std::vector<std::string> follow = words();
  follow.insert(follow.end(), {"logs", "--follow", "c"});
  Running following(follow, {.more = {{"CONTAINERS_CONF", folder_.path() + "/containers.conf"}}});
  for (int i = 0; i < 400 && following.out_so_far().empty(); ++i) ::usleep(50'000);
  EXPECT_EQ(podman({"kill", "--signal", "SIGUSR2", "c"}).status, 0);
  const Ran ran = following.wait();
  EXPECT_FALSE(ran.timed_out) << ran;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("tick\n"), HasSubstr("bye\n")));
}

TEST_F(Podman, FiguresArePlausible) {
  ASSERT_EQ(podman_run({"-d", "--name", "c", "--memory", "64m", "berth-test", "sh", "-c",
                        "sleep 300 & sleep 300 & wait"})
                .status,
            0);
  const auto one = [&] {
    const Ran ran = podman({"stats", "--no-stream", "--format", "json", "c"});
    EXPECT_EQ(ran.status, 0) << ran;
    return json::parse(ran.out).at(0);
  };
  json stats = one();
  for (int i = 0; i < 100 && stats.value("pids", "") != "3"; ++i) stats = one();
  EXPECT_EQ(stats.value("pids", ""), "3");
  EXPECT_THAT(stats.value("mem_usage", ""), HasSubstr("B / 67.11MB"));
  EXPECT_GT(std::stod(stats.value("mem_percent", "-1")), 0);
  EXPECT_LT(std::stod(stats.value("mem_percent", "100")), 50);
  EXPECT_LT(std::stod(stats.value("cpu_percent", "1000")), 250);
}

TEST_F(PodmanAtATerminal, KnowsTheRuntime) {
  ASSERT_EQ(podman_run({"-d", "--name", "c", "berth-test", "sleep", "300"}).status, 0);
  EXPECT_EQ(inspect(".OCIRuntime"), kBerth);
}

TEST_F(PodmanAtATerminal, TellsWhoIsNotWell) {
  ASSERT_EQ(podman_run({"-d", "--name", "c", "--health-interval", "disable", "--health-retries",
                        "1", "--health-cmd", "test -e /tmp/well", "berth-test", "sleep", "300"})
                .status,
            0);
  EXPECT_EQ(podman({"healthcheck", "run", "c"}).status, 1);
  EXPECT_EQ(inspect(".State.Health.Status"), "unhealthy");
  ASSERT_EQ(podman({"exec", "c", "touch", "/tmp/well"}).status, 0);
  EXPECT_EQ(podman({"healthcheck", "run", "c"}).status, 0);
  EXPECT_EQ(inspect(".State.Health.Status"), "healthy");
}

// conmon as podman calls it, but with folders where what it keeps stays.
class Conmon : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
    if (const auto why = lacks_program("conmon"); !why.empty()) GTEST_SKIP() << why;
  }
  void TearDown() override { (void)berth({"delete", "--force", id()}); }
  std::string id() const { return folder_.name(); }
  std::string at(const std::string& name) const { return folder_.path() + "/" + name; }
  Ran berth(std::vector<std::string> words) const {
    words.insert(words.begin(), {kBerth, "--root", at("state")});
    return run(words);
  }
  // A container of that program, created by conmon and started as podman does it.
  void start(const std::string& script, const json& memory = nullptr) const {
    static const MadeBundle made({"--config", "runc"});
    for (const char* name : {"bundle", "exits", "kept"}) {
      std::filesystem::create_directory(at(name));
    }
    json config = json::parse(read_file(AT_FDCWD, made.path() + "/config.json"));
    config["root"]["path"] = made.path() + "/rootfs";
    config["process"]["args"] = {"sh", "-c", script};
    if (!memory.is_null()) config["linux"]["resources"]["memory"] = memory;
    (void)folder_.write("bundle/config.json", config.dump());
    const Ran ran = run({"conmon",
                         "--full-attach",
                         "--cid",
                         id(),
                         "--cuuid",
                         id(),
                         "--name",
                         id(),
                         "--runtime",
                         kBerth,
                         "--runtime-arg=--root",
                         "--runtime-arg",
                         at("state"),
                         "--bundle",
                         at("bundle"),
                         "--exit-dir",
                         at("exits"),
                         "--persist-dir",
                         at("kept"),
                         "--log-path",
                         "k8s-file:" + at("log"),
                         "--container-pidfile",
                         at("pid")},
                        {.directory = folder_.path()});
    ASSERT_EQ(ran.status, 0) << ran;
    const std::string pid = come(at("pid"));
    ASSERT_NE(pid, "none") << berth({"list"});
    EXPECT_EQ(json::parse(berth({"state", id()}).out).value("pid", 0), std::stoi(pid));
    ASSERT_EQ(berth({"start", id()}).status, 0);
  }
  // What the file has once it is there, within twenty seconds.
  static std::string come(const std::string& file) {
    for (int i = 0; i < 400; ++i) {
      if (std::filesystem::exists(file) && std::filesystem::file_size(file) > 0) {
        return read_file(AT_FDCWD, file);
      }
      ::usleep(50'000);
    }
    return "none";
  }
  TemporaryFolder folder_{0755};
};

TEST_F(Conmon, KeepsTheStatus) {
  start("echo out; exit 7");
  EXPECT_EQ(come(at("exits/") + id()), "7");
  EXPECT_EQ(come(at("kept/exit")), "7");
  EXPECT_THAT(come(at("log")), HasSubstr("stdout F out\n"));
  EXPECT_FALSE(std::filesystem::exists(at("kept/oom")));
}

TEST_F(Conmon, KeepsWhichSignalEndedIt) {
  start("exec sleep 300");
  EXPECT_EQ(berth({"kill", id(), "KILL"}).status, 0);
  EXPECT_EQ(come(at("exits/") + id()), "137");
}

TEST_F(Conmon, NoticesThatTheMemoryRanOut) {
  start("tail /dev/zero; sleep 1; exit 3", {{"limit", 20971520}, {"swap", 20971520}});
  EXPECT_EQ(come(at("exits/") + id()), "3");
  EXPECT_TRUE(std::filesystem::exists(at("kept/oom")));
}

}  // namespace
}  // namespace berth::test
