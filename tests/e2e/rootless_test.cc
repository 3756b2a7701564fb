// A plain user's containers and their cgroups: where some of v2 is the user's, where none is, and
// in a user namespace that makes the user root.
#include <gmock/gmock.h>

#include <sstream>

#include "tests/e2e/rootless_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;

class Rootless : public RootlessFixture {
 protected:
  std::string lacks_controllers() const {
    return hierarchy().v2_has("memory") ? "" : "v2 has no controllers: " + errno_text(ENOENT);
  }
  static void without_pid_namespace(json& config) {
    json kept = json::array();
    for (const json& ns : config["linux"]["namespaces"]) {
      if (ns["type"] != "pid") kept.push_back(ns);
    }
    config["linux"]["namespaces"] = kept;
    config["mounts"].erase(0);  // proc is of the PID namespace
  }
  // That many processes in the user's part of v2, the session's left out.
  size_t processes() const {
    return runtime::cgroup::processes(hierarchy(), part_ + "/berth").size();
  }
};

TEST_F(Rootless, TheGroupIsBesideTheUsersOwnAndGoesWithTheContainer) {
  const Ran ran = berth({"run", "-d", "-b", bundle(), "-f", config("sleep 300"), "c"});
  ASSERT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(group_of("c"), "/" + part_ + "/berth/c");
  EXPECT_EQ(berth({"delete", "--force", "c"}).status, 0);
  EXPECT_THAT(groups(), ElementsAre("session"));
}

TEST_F(Rootless, ARelativePathIsInTheSamePlaceAndAnAbsoluteOneWhereItSays) {
  const auto at = [&](const std::string& path) {
    return config("sleep 300", [&](json& c) { c["linux"]["cgroupsPath"] = path; });
  };
  ASSERT_EQ(berth({"run", "-d", "-b", bundle(), "-f", at("a/b"), "c"}).status, 0);
  EXPECT_EQ(group_of("c"), "/" + part_ + "/berth/a/b");
  ASSERT_EQ(berth({"run", "-d", "-b", bundle(), "-f", at("/" + part_ + "/own"), "d"}).status, 0);
  EXPECT_EQ(group_of("d"), "/" + part_ + "/own");
  EXPECT_EQ(berth({"delete", "-f", "c"}).status, 0);
  EXPECT_EQ(berth({"delete", "-f", "d"}).status, 0);
  EXPECT_THAT(groups(), ElementsAre("session"));
  const Ran refused = berth({"run", "-d", "-b", bundle(), "-f", at("/elsewhere"), "c"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_EQ(refused.err, "berth: make cgroup 'elsewhere': mkdir 'elsewhere': permission denied\n");
}

TEST_F(Rootless, PauseResumePsAndKillAllReachEveryProcess) {
  const std::string file = config("sleep 300 & sleep 300 & sleep 300", without_pid_namespace);
  ASSERT_EQ(berth({"run", "-d", "-b", bundle(), "-f", file, "c"}).status, 0);
  for (int i = 0; i < 500 && processes() != 3; ++i) ::usleep(10'000);
  EXPECT_EQ(json::parse(berth({"ps", "-f", "json", "c"}).out).size(), 3U);
  EXPECT_EQ(berth({"pause", "c"}).status, 0);
  EXPECT_EQ(state("c").value("status", ""), "paused");
  EXPECT_EQ(berth({"resume", "c"}).status, 0);
  EXPECT_EQ(state("c").value("status", ""), "running");
  EXPECT_EQ(berth({"exec", "-d", "c", "sleep", "300"}).status, 0);
  EXPECT_EQ(processes(), 4U);
  EXPECT_EQ(berth({"kill", "--all", "c", "KILL"}).status, 0);
  for (int i = 0; i < 500 && processes() != 0; ++i) ::usleep(10'000);
  EXPECT_EQ(processes(), 0U);
  EXPECT_EQ(berth({"delete", "c"}).status, 0);
}

TEST_F(Rootless, ExecJoinsOneThatIsNotStartedYet) {
  const std::string file = config("exec sleep 300");
  ASSERT_EQ(berth({"create", "-b", bundle(), "-f", file, "c"}).status, 0);
  const Ran ran = berth({"exec", "c", "sh", "-c", "echo in; cat /proc/self/uid_map"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(ran.out, HasSubstr("in\n         0       1000"));
  EXPECT_EQ(berth({"start", "c"}).status, 0);
  EXPECT_EQ(state("c").value("status", ""), "running");
  EXPECT_EQ(berth({"delete", "--force", "c"}).status, 0);
}

// The first one's user namespace is what gives the right to the others.
TEST_F(Rootless, ASecondContainerIsInTheNamespacesOfTheFirst) {
  ASSERT_EQ(berth({"run", "-d", "-b", bundle(), "-f", config("exec sleep 300"), "first"}).status,
            0);
  const std::string proc = "/proc/" + std::to_string(state("first").value("pid", 0)) + "/ns/";
  const std::string second = config(
      "tr '\\0' ' ' </proc/1/cmdline; echo in >/dev/shm/x && cat "
      "/dev/shm/x; readlink /proc/self/ns/net",
      [&](json& config) {
        for (json& ns : config["linux"]["namespaces"]) {
          const std::string type = ns["type"];
          if (type == "mount") continue;
          ns["path"] = proc + (type == "network" ? "net" : type);
        }
        config["linux"]["namespaces"].push_back({{"type", "user"}, {"path", proc + "user"}});
      });
  const Ran ran = berth({"run", "-b", bundle(), "-f", second, "second"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(ran.out,
            "sleep 300 in\n" + std::filesystem::read_symlink(proc + "net").string() + "\n");
  EXPECT_EQ(berth({"delete", "--force", "first"}).status, 0);
}

TEST_F(Rootless, ForceLeavesNoChildOfAContainerWithoutAPidNamespace) {
  const std::string file =
      config("sleep 300 & setsid sleep 300 & exec true", without_pid_namespace);
  ASSERT_EQ(berth({"run", "-d", "-b", bundle(), "-f", file, "c"}).status, 0);
  for (int i = 0; i < 500 && processes() != 2; ++i) ::usleep(10'000);
  EXPECT_EQ(state("c").value("status", ""), "stopped") << "its first process is gone";
  EXPECT_EQ(berth({"delete", "--force", "c"}).status, 0);
  EXPECT_THAT(groups(), ElementsAre("session"));
}

TEST_F(Rootless, LimitsAreInForceAndCanBeUpdated) {
  if (const auto why = lacks_controllers(); !why.empty()) GTEST_SKIP() << why;
  const std::string file = config("sleep 300", [](json& c) {
    c["linux"]["resources"] = {{"devices", {{{"allow", false}, {"access", "rwm"}}}},
                               {"memory", {{"limit", 64 << 20}}},
                               {"cpu", {{"shares", 512}}},
                               {"pids", {{"limit", 1}}}};
  });
  const Ran ran = berth({"run", "-d", "-b", bundle(), "-f", file, "c"});
  ASSERT_EQ(ran.status, 0) << ran << "one process is the program's: the set-up has more";
  EXPECT_EQ(control("c", "memory.max"), "67108864\n");
  EXPECT_EQ(control("c", "pids.max"), "1\n");
  EXPECT_EQ(control("c", "cpu.weight"), "59\n");
  EXPECT_EQ(berth({"update", "--memory", "32m", "--pids-limit", "9", "c"}).status, 0);
  EXPECT_EQ(control("c", "memory.max"), "33554432\n");
  EXPECT_EQ(control("c", "pids.max"), "9\n");
  const json stats = json::parse(berth({"events", "--stats", "c"}).out)["data"];
  EXPECT_EQ(stats["memory"]["usage"].value("limit", 0), 33554432);
}

TEST_F(Rootless, AControllerThatIsNotDelegatedIsNamed) {
  if (const auto why = lacks_controllers(); !why.empty()) GTEST_SKIP() << why;
  write_file(AT_FDCWD, part_folder() + "/cgroup.subtree_control", "-memory");
  ASSERT_EQ(::chown((part_folder() + "/cgroup.subtree_control").c_str(), 0, 0), 0);
  const std::string file = config("sleep 300", [](json& c) {
    c["linux"]["resources"] = {{"memory", {{"limit", 64 << 20}}}, {"pids", {{"limit", 9}}}};
  });
  const Ran ran = berth({"run", "-d", "-b", bundle(), "-f", file, "c"});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("the controller 'memory' is not available"));
  EXPECT_THAT(groups(), ElementsAre("session"));
}

// The kernel's "no internal processes": what has some gives no controllers.
TEST_F(Rootless, InAnOccupiedGroupThereAreNoControllersButAllElse) {
  const auto inside = [&](const std::vector<std::string>& words) {
    return run(as_user_in(part_folder(), berth_words(words)));
  };
  for (const std::string& name : hierarchy().v2_controllers) {  // as nobody else has set it up
    write_file(AT_FDCWD, part_folder() + "/cgroup.subtree_control", "-" + name);
  }
  const Ran ran = inside({"run", "-d", "-b", bundle(), "-f", config("sleep 300"), "c"});
  ASSERT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(group_of("c"), "/" + part_ + "/berth/c");
  EXPECT_EQ(inside({"pause", "c"}).status, 0);
  EXPECT_EQ(inside({"delete", "-f", "c"}).status, 0);
  const std::string file = config("true", [](json& c) {
    c["linux"]["resources"] = {{"pids", {{"limit", 9}}}};
  });
  const Ran refused = inside({"run", "-b", bundle(), "-f", file, "c"});
  EXPECT_EQ(refused.err,
            "berth: config.json: linux.resources.pids.limit: 9 takes a controller, "
            "and cgroup '/" +
                part_ + "/berth' gets none: it is in one that has processes\n");
  EXPECT_THAT(groups(), ElementsAre("session"));
}

TEST_F(Rootless, ToWriteToItsCgroupTheContainersRootOwnsIt) {
  if (!runtime::cgroup::detect().v1.empty())
    GTEST_SKIP() << "v1 is mounted too: " << errno_text(EBUSY);
  const std::string file = config(
      "mkdir /sys/fs/cgroup/below && echo $$ >/sys/fs/cgroup/below/cgroup.procs && cat "
      "/proc/self/cgroup",
      [](json& c) {
        for (json& mount : c["mounts"]) {
          if (mount["type"] == "cgroup") mount["options"] = {"nosuid", "noexec", "nodev"};
        }
      });
  const Ran ran = berth({"run", "-b", bundle(), "-f", file, "c"});
  EXPECT_EQ(ran.out, "0::/below\n") << ran;
}

TEST_F(Rootless, RootGivesTheGroupToTheRootOfAUserNamespace) {
  if (!runtime::cgroup::detect().v1.empty())
    GTEST_SKIP() << "v1 is mounted too: " << errno_text(EBUSY);
  const auto owner_with = [&](bool readonly) {
    const std::string file =
        config("stat -c %u /sys/fs/cgroup /sys/fs/cgroup/cgroup.procs", [&](json& c) {
          c["linux"]["namespaces"].push_back({{"type", "user"}});
          for (const char* map : {"uidMappings", "gidMappings"}) {
            c["linux"][map] = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
          }
          for (json& mount : c["mounts"]) {
            if (mount["type"] == "cgroup" && !readonly) mount["options"] = {"nosuid"};
          }
        });
    const std::string berth = BERTH_BINARY_DIR "/berth";
    const Ran ran =
        run({berth, "--root", folder_.path() + "/roots", "run", "-b", bundle(), "-f", file, "r"});
    return ran.out + ran.err;
  };
  EXPECT_EQ(owner_with(false), "0\n0\n");
  EXPECT_EQ(owner_with(true), "65534\n65534\n");
}

// As most users are: nothing of v2 is theirs.
TEST_F(Rootless, WhereNothingIsDelegatedThereIsNoCgroup) {
  const Ran ran = berth_outside({"run", "-d", "-b", bundle(), "-f", config("sleep 300"), "c"});
  ASSERT_EQ(ran.status, 0) << ran;
  const Ran paused = berth_outside({"pause", "c"});
  EXPECT_EQ(paused.status, 1);
  EXPECT_EQ(paused.err, "berth: container 'c' has no cgroup of its own\n");
  EXPECT_EQ(berth_outside({"delete", "-f", "c"}).status, 0);
}

// Neither a cgroup nor a PID namespace: its own namespaces tell which processes are the
// container's.
class WithoutCgroup : public Rootless {
 protected:
  // A program that no other test runs.
  const std::string sleep_ = "sleep " + std::to_string(1'000'000 + ::getpid());
  std::vector<std::string> sleepers() const {
    std::istringstream lines(run({"pgrep", "-f", "^" + sleep_}).out);
    std::vector<std::string> pids;
    for (std::string pid; lines >> pid;) pids.push_back(pid);
    return pids;
  }
  size_t await_sleepers(size_t wanted) const {
    for (int i = 0; i < 100 && sleepers().size() != wanted; ++i) ::usleep(10'000);
    return sleepers().size();
  }
  // One child, one in a session of its own, and one in namespaces of its own; then `last`.
  void start(const std::string& last) {
    const std::string file =
        config(sleep_ + " & setsid " + sleep_ + " & unshare -U -m " + sleep_ + " & " + last,
               without_pid_namespace);
    const Ran ran = berth_outside({"run", "-d", "-b", bundle(), "-f", file, "c"});
    ASSERT_EQ(ran.status, 0) << ran;
  }
  void TearDown() override {
    for (const std::string& pid : sleepers()) (void)run({"kill", "-9", pid});
    Rootless::TearDown();
  }
};

TEST_F(WithoutCgroup, PsKnowsItsChildrenAndThoseOfExec) {
  start("exec " + sleep_);
  EXPECT_EQ(berth_outside({"exec", "-d", "c", "sh", "-c", "exec " + sleep_}).status, 0);
  ASSERT_EQ(await_sleepers(5), 5U);
  EXPECT_EQ(json::parse(berth_outside({"ps", "-f", "json", "c"}).out).size(), 5U);
  EXPECT_EQ(berth_outside({"delete", "-f", "c"}).status, 0);
}

TEST_F(WithoutCgroup, ForceLeavesNone) {
  start("exec " + sleep_);
  ASSERT_EQ(await_sleepers(4), 4U);
  EXPECT_EQ(berth_outside({"delete", "--force", "c"}).status, 0);
  EXPECT_EQ(sleepers().size(), 0U);
}

TEST_F(WithoutCgroup, ForceLeavesNoneWhereTheFirstProcessIsGone) {
  start("sleep 0.3");
  ASSERT_EQ(await_sleepers(3), 3U);
  for (int i = 0; i < 500; ++i) {
    if (json::parse(berth_outside({"state", "c"}).out).value("status", "") == "stopped") break;
    ::usleep(10'000);
  }
  EXPECT_EQ(berth_outside({"delete", "--force", "c"}).status, 0);
  EXPECT_EQ(sleepers().size(), 0U);
}

TEST_F(WithoutCgroup, KillReachesAll) {
  start("exec " + sleep_);
  ASSERT_EQ(await_sleepers(4), 4U);
  EXPECT_EQ(berth_outside({"kill", "c", "CONT"}).status, 0);
  EXPECT_EQ(sleepers().size(), 4U);
  EXPECT_EQ(berth_outside({"kill", "--all", "c", "TERM"}).status, 0);
  EXPECT_EQ(await_sleepers(0), 0U);
  EXPECT_EQ(berth_outside({"delete", "c"}).status, 0);
}

TEST_F(WithoutCgroup, SigkillIsForAllForItsFirstProcessEndIsNotTheirs) {
  start("exec " + sleep_);
  ASSERT_EQ(await_sleepers(4), 4U);
  EXPECT_EQ(berth_outside({"kill", "c", "KILL"}).status, 0);
  EXPECT_EQ(sleepers().size(), 0U);
  const Ran again = berth_outside({"kill", "c", "KILL"});
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr("container not running"));
}

TEST_F(Rootless, WhereNothingIsDelegatedWhatTakesACgroupIsRefused) {
  const auto refusal = [&](const json& change, std::vector<std::string> options = {}) {
    const std::string file = config("true", [&](json& c) { c.merge_patch(change); });
    options.insert(options.end(), {"run", "-b", bundle(), "-f", file, "c"});
    const Ran ran = berth_outside(options);
    return ran.status == 1 ? ran.err : "status " + std::to_string(ran.status);
  };
  const auto resources = [](const json& r) { return json{{"linux", {{"resources", r}}}}; };
  const std::string none = " takes a cgroup, and no cgroup is delegated to this user\n";
  const std::string key = "berth: config.json: linux.resources.";
  EXPECT_EQ(refusal(resources({{"memory", {{"limit", 1 << 20}}}})),
            key + "memory.limit: 1048576" + none);
  EXPECT_EQ(refusal(resources({{"pids", {{"limit", 5}}}})), key + "pids.limit: 5" + none);
  EXPECT_EQ(refusal(resources({{"cpu", {{"shares", 512}}}})), key + "cpu.shares: '59'" + none);
  EXPECT_EQ(refusal(resources({{"unified", {{"memory.high", "1"}}}})),
            key + "unified.memory.high: '1'" + none);
  EXPECT_EQ(refusal({{"linux", {{"cgroupsPath", "own"}}}}),
            "berth: config.json: linux.cgroupsPath: 'own': no cgroup is delegated to this user\n");
  EXPECT_EQ(refusal(json::object(), {"--rootless", "false"}),
            "berth: --rootless false: no cgroup is delegated to this user\n");
  EXPECT_EQ(refusal(resources({{"memory", {{"limit", -1}}}, {"pids", {{"limit", -1}}}})),
            "status 0")
      << "no limit is a limit that it has";
}

TEST_F(Rootless, TheRootOfAUserNamespaceIsNotTheHosts) {
  const Ran ran = run(as_user_in(hierarchy().v2, [&] {
    std::vector<std::string> words = {"unshare", "--user", "--map-root-user"};
    for (const std::string& word : berth_words({"run", "-b", bundle(), "-f", config("id -u"), "c"}))
      words.push_back(word);
    return words;
  }()));
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(ran.out, "0\n");
}

TEST_F(Rootless, RootMayDoWithoutWhereItSaysSo) {
  const auto in_readonly = [&](const char* rootless) {
    const std::string script =
        "for m in $(grep -o '/sys/fs/cgroup[^ ]*' /proc/mounts); do "
        "mount -o remount,bind,ro $m; done; exec \"$@\"";
    std::vector<std::string> words = {"unshare", "--mount", "sh", "-c", script, "sh"};
    for (const std::string& word : berth_words(
             {"--rootless", rootless, "run", "-b", bundle(), "-f", config("echo ran"), "r"}))
      words.push_back(word);
    return run(words);
  };
  const Ran without = in_readonly("true");
  EXPECT_EQ(without.out, "ran\n") << without;
  const Ran refused = in_readonly("auto");
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("make cgroup"), EndsWith("read-only file system\n")));
}

}  // namespace
}  // namespace berth::test
