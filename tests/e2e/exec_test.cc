// `berth exec` with each of its options, by the command line.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/process_identity.h"
#include "runtime/cgroup/directory.h"
#include "runtime/process/terminal.h"
#include "runtime/spec/known.h"
#include "tests/e2e/runtime_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Exec : public RuntimeFixture {
 protected:
  void SetUp() override {
    RuntimeFixture::SetUp();
    if (IsSkipped()) return;
    script("exec sleep 300");
    configure(change_);
    c_ = id();
    const Ran made = berth({"run", "--detach", "--bundle", bundle(), c_});
    ASSERT_EQ(made.status, 0) << made;
  }
  // `options` before the id, `words` after it.
  Ran exec(std::vector<std::string> options, const std::vector<std::string>& words = {}) {
    options.insert(options.begin(), "exec");
    options.push_back(c_);
    options.insert(options.end(), words.begin(), words.end());
    return berth(options);
  }
  Ran sh(std::vector<std::string> options, const std::string& text) {
    return exec(std::move(options), {"sh", "-c", text});
  }
  std::string file(const std::string& name) const { return folder_.path() + "/" + name; }

  std::function<void(json&)> change_ = [](json&) {};
  std::string c_;
};

TEST_F(Exec, GivesOutputAndExitStatus) {
  const Ran ran = sh({}, "echo out; echo err >&2; exit 42");
  EXPECT_EQ(ran.status, 42);
  EXPECT_EQ(ran.out, "out\n");
  EXPECT_EQ(ran.err, "err\n");
}

TEST_F(Exec, TheCommandsOptionsAreItsOwn) {
  EXPECT_EQ(exec({}, {"echo", "-e", "A=1", "--cwd", "/tmp", "--", "-t"}).out,
            "A=1 --cwd /tmp -- -t\n");
}

TEST_F(Exec, DescribesTheProcess) {
  const Ran ran =
      sh({"--env", "A=1", "-e", "B=2=3", "--user", "5:6", "-g", "7", "-g", "8", "--cwd", "/tmp"},
         "echo $A $B; id -u; id -g; id -G; pwd");
  EXPECT_EQ(ran.out, "1 2=3\n5\n6\n6 7 8\n/tmp\n") << ran;
}

TEST_F(Exec, GivesMoreCapabilitiesAndFewerPrivileges) {
  const std::string look = "grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status";
  const std::string before = sh({}, look).out;
  const std::string after = sh({"--cap", "CAP_CHOWN", "--no-new-privs"}, look).out;
  const auto set = [](const std::string& status, const std::string& key) {
    return std::stoull(status.substr(status.find(key) + key.size() + 2), nullptr, 16);
  };
  EXPECT_EQ(set(before, "CapEff") & 1, 0u);
  EXPECT_EQ(set(after, "CapEff"), set(before, "CapEff") | 1);
  EXPECT_EQ(set(after, "CapBnd"), set(before, "CapBnd") | 1);
  EXPECT_THAT(after, HasSubstr("NoNewPrivs:\t1"));
}

TEST_F(Exec, TakesTheProcessFromAFile) {
  const json process{{"args", {"sh", "-c", "echo $A; id -u; pwd; ulimit -n"}},
                     {"env", {"PATH=/bin", "A=file"}},
                     {"user", {{"uid", 3}, {"gid", 3}}},
                     {"rlimits", {{{"type", "RLIMIT_NOFILE"}, {"soft", 77}, {"hard", 77}}}},
                     {"cwd", "/tmp"}};
  std::ofstream(file("process.json")) << process.dump();
  const Ran ran = exec({"--process", file("process.json")});
  EXPECT_EQ(ran.out, "file\n3\n/tmp\n77\n") << ran;
  std::ofstream(file("process.json")) << R"({"args": ["sh"], "cwd": "tmp"})";
  const Ran bad = exec({"-p", file("process.json")});
  EXPECT_EQ(bad.status, 255);
  EXPECT_EQ(bad.err, "berth: process.json: cwd: 'tmp' is not an absolute path\n");
}

TEST_F(Exec, ItsOwnErrorsAre255AndOneLine) {
  const auto expect = [&](const Ran& ran, const std::string& what) {
    EXPECT_EQ(ran.status, 255);
    EXPECT_THAT(ran.err, AllOf(StartsWith("berth: "), HasSubstr(what), EndsWith("\n")));
    EXPECT_EQ(std::ranges::count(ran.err, '\n'), 1) << ran;
  };
  expect(exec({}), "there is no command");
  expect(exec({}, {"nowhere"}), "find program 'nowhere': no such file or directory");
  expect(exec({"--cwd", "tmp"}, {"true"}), "'tmp' is not an absolute path");
  expect(exec({"--cwd", "/no/such"}, {"true"}), "chdir to working directory '/no/such'");
  expect(exec({"--env", "A"}, {"true"}), "'A' is not NAME=value");
  for (const char* user : {"root", "-1", "0x0", "1:", "", " 1", "4294967295"}) {
    if (*user != 0) expect(exec({"--user", user}, {"true"}), "is not an id");
  }
  expect(exec({"--additional-gids", "x"}, {"true"}), "'x' is not an id");
  expect(exec({"--cgroup", "../x"}, {"true"}),
         "bad sub cgroup path: ../x is not a sub cgroup path of the container's");
  expect(exec({"--cgroup", "absent"}, {"true"}),
         "adding pid of the new process to cgroups: berth/container_" + c_ +
             "/absent/cgroup.procs: no such file or directory");
  expect(exec({"--cgroup", "whaaat:/"}, {"true"}), "unknown controller 'whaaat'");
  expect(exec({"--console-socket", "/x"}, {"true"}), "--console-socket is for a detached process");
  expect(exec({"-d", "-t"}, {"true"}), "needs --console-socket");
  expect(berth({"exec", c_ + "x", "true"}), "does not exist");
}

TEST_F(Exec, GoesToTheSubgroupsThatItIsToldOf) {
  const auto hierarchy = runtime::cgroup::detect(runtime::cgroup::ControllerSet::container);
  const std::string group = "berth/container_" + c_;
  const bool v1 = !hierarchy.v1.empty();
  for (const char* controller : {"memory", "pids"}) {
    const UniqueFd own = runtime::cgroup::open_directory(hierarchy, v1 ? controller : "", group);
    (void)make_dir(own.get(), "sub", 0755);
  }
  const Ran all = exec({"--cgroup", "/"}, {"cat", "/proc/self/cgroup"});
  EXPECT_EQ(all.out, exec({}, {"cat", "/proc/self/cgroup"}).out) << all;
  if (!v1) {
    // Its cgroup namespace begins at the container's own group.
    EXPECT_EQ(exec({"--cgroup", "./sub"}, {"cat", "/proc/self/cgroup"}).out, "0::/sub\n");
    return;
  }
  const Ran some = exec({"--cgroup", "memory,pids:sub"}, {"cat", "/proc/self/cgroup"});
  EXPECT_THAT(some.out, AllOf(HasSubstr(":memory:/" + group + "/sub\n"),
                              HasSubstr(":pids:/" + group + "/sub\n"),
                              HasSubstr(":freezer:/" + group + "\n")))
      << some;
}

// What a container sees of its own cgroup (of v1 without a namespace of its own), to part among its
// processes if the mount is not read-only.
TEST_F(Exec, MayPartTheContainersOwnGroups) {
  const auto hierarchy = runtime::cgroup::detect(runtime::cgroup::ControllerSet::container);
  const bool v1 = hierarchy.v1_of("memory") != nullptr;
  ASSERT_EQ(berth({"delete", "--force", c_}).status, 0);
  configure([](json& config) {
    for (json& mount : config["mounts"]) {
      if (mount["type"] == "cgroup") mount["options"] = {"nosuid", "noexec", "nodev", "relatime"};
    }
  });
  ASSERT_EQ(berth({"run", "--detach", "-b", bundle(), c_}).status, 0);
  const Ran made = sh({}, std::string("mkdir /sys/fs/cgroup/") + (v1 ? "memory/below" : "below"));
  EXPECT_EQ(made.status, 0) << made;
  const Ran joined =
      exec({"--cgroup", v1 ? "memory:below" : "below"}, {"cat", "/proc/self/cgroup"});
  EXPECT_THAT(joined.out, HasSubstr(v1 ? ":memory:/berth/container_" + c_ + "/below\n"
                                       : std::string("0::/below\n")))
      << joined;
}

TEST_F(Exec, TellsTheCpusThatItBeginsOn) {
  std::ofstream(file("process.json"))
      << R"({"args": ["true"], "cwd": "/", "execCPUAffinity": {"initial": "0"}})";
  const Ran ran = berth({"--debug", "exec", "--process", file("process.json"), c_});
  EXPECT_THAT(ran.err, HasSubstr("msg=\"nsexec: affinity: 0x1\"")) << ran;
}

// The process had all that the container gives, so it is its own failure.
TEST_F(Exec, AFileThatExecveRefusesIsStatus1) {
  std::ofstream(bundle() + "/rootfs/garbage") << "no program";
  std::ofstream(bundle() + "/rootfs/lost") << "#!/bin/absent\n";
  for (const char* name : {"garbage", "lost"}) {
    std::filesystem::permissions(bundle() + "/rootfs/" + name, std::filesystem::perms(0755));
  }
  const Ran garbage = exec({}, {"/garbage"});
  EXPECT_EQ(garbage.status, 1);
  EXPECT_THAT(garbage.err, EndsWith("execute '/garbage': exec format error\n"));
  const Ran lost = exec({"-d"}, {"/lost"});
  EXPECT_EQ(lost.status, 1);
  EXPECT_THAT(lost.err, HasSubstr("exec /lost: no such file or directory ("));
  EXPECT_THAT(lost.err, EndsWith("(its interpreter or loader is not in the container)\n"));
}

TEST_F(Exec, ADetachedProcessIsFoundByItsPidFile) {
  const Ran ran = run({"sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh", kBerth, "--root", root(),
                       "exec", "--detach", "--pid-file", file("pid"), c_, "sleep", "299"});
  ASSERT_EQ(ran.status, 0) << ran;
  const std::string pid = read_file(AT_FDCWD, file("pid"));
  EXPECT_EQ(read_file(AT_FDCWD, "/proc/" + pid + "/cmdline"),
            std::string("sleep\000299", 9) + '\0');
  const std::string init = std::to_string(state(c_).value("pid", 0));
  EXPECT_EQ(read_file(AT_FDCWD, "/proc/" + pid + "/cgroup"),
            read_file(AT_FDCWD, "/proc/" + init + "/cgroup"));
  EXPECT_EQ(berth({"delete", "--force", c_}).status, 0);
  EXPECT_FALSE(start_time_of(std::stoi(pid))) << "the container's end is its end";
}

TEST_F(Exec, HasATerminalThatThisProcessShows) {
  const Ran ran = sh({"--tty"}, "tty; test -t 2 && echo terminal; exit 6");
  EXPECT_EQ(ran.status, 6);
  EXPECT_THAT(ran.out, ::testing::MatchesRegex("/dev/pts/[0-9]+\nterminal\n")) << ran;
}

TEST_F(Exec, SendsTheTerminalThroughASocket) {
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  file("tty").copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  const Ran ran = sh({"-d", "-t", "--console-socket", file("tty")}, "echo hello; sleep 1");
  ASSERT_EQ(ran.status, 0) << ran;
  const UniqueFd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const UniqueFd master = runtime::process::receive_master(peer.get());
  char text[16] = {};
  ASSERT_GT(::read(master.get(), text, sizeof text - 1), 0);
  EXPECT_STREQ(text, "hello\r\n");
}

TEST_F(Exec, ForwardsSignals) {
  Running running({kBerth, "--root", root(), "exec", c_, "sh", "-c",
                   "trap 'echo got; exit 9' USR1; echo ready; while :; do sleep 0.1; done"});
  for (int i = 0; i < 500 && running.out_so_far().empty(); ++i) ::usleep(10'000);
  ::kill(running.pid(), SIGUSR1);
  const Ran ran = running.wait();
  EXPECT_EQ(ran.status, 9) << ran;
  EXPECT_EQ(ran.out, "ready\ngot\n");
}

TEST_F(Exec, APausedContainerIsLeftAlone) {
  ASSERT_EQ(berth({"pause", c_}).status, 0);
  const Ran ran = exec({}, {"true"});
  EXPECT_EQ(ran.status, 255);
  EXPECT_THAT(ran.err, HasSubstr("cannot exec in a paused container"));
  Running patient({kBerth, "--root", root(), "exec", "--ignore-paused", c_, "echo", "late"});
  ::usleep(100'000);
  EXPECT_EQ(patient.out_so_far(), "");
  ASSERT_EQ(berth({"resume", c_}).status, 0);
  EXPECT_EQ(patient.wait().out, "late\n");
}

TEST_F(Exec, AStoppedContainerTakesNoMore) {
  ASSERT_EQ(berth({"kill", c_, "KILL"}).status, 0);
  ASSERT_EQ(await(c_, "stopped"), "stopped");
  const Ran ran = exec({}, {"true"});
  EXPECT_EQ(ran.status, 255);
  EXPECT_THAT(ran.err, HasSubstr("cannot exec in a stopped container"));
}

TEST_F(Exec, ACreatedContainerTakesItAlready) {
  const std::string waiting = id("b");
  const Ran made = run({"sh", "-c", "exec \"$@\" >/dev/null 2>&1", "sh", kBerth, "--root", root(),
                        "create", "--bundle", bundle(), waiting});
  ASSERT_EQ(made.status, 0) << made;
  const Ran ran = berth({"exec", waiting, "echo", "before"});
  EXPECT_EQ(ran.out, "before\n") << ran;
  EXPECT_EQ(status(waiting), "created");
}

class Spec : public RuntimeFixture {};

TEST_F(Spec, AnUnknownCapabilityIsLeftOutWithAWarning) {
  script("exit 3");
  configure([](json& c) { c["process"]["capabilities"]["bounding"].push_back("CAP_FLY"); });
  const Ran ran = berth({"run", "-b", bundle(), id()});
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.err, HasSubstr("'CAP_FLY' is not a capability: it is left out"));
}

TEST_F(Spec, RunsAsItIsAndIsNeverOverwritten) {
  const std::string config = bundle() + "/config.json";
  std::filesystem::remove(config);
  ASSERT_EQ(berth({"spec", "--bundle", bundle()}).status, 0);
  const std::string written = read_file(AT_FDCWD, config);
  const Ran again = berth({"spec", "-b", bundle()});
  EXPECT_EQ(again.status, 1);
  EXPECT_EQ(again.err, "berth: config.json exists: remove it first\n");
  EXPECT_EQ(read_file(AT_FDCWD, config), written);
  configure([](json& c) {
    c["process"]["terminal"] = false;
    c["process"]["args"] = {"hostname"};
  });
  EXPECT_EQ(berth({"run", "-b", bundle(), id()}).out, "berth\n");
}

TEST_F(Spec, FeaturesAreJsonOnStandardOutput) {
  const Ran ran = berth({"features"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(json::parse(ran.out)["linux"]["cgroup"]["v2"], true);
}

// A container that may make groups in its cgroup, which it sees as its root (as all do on v2).
class ExecIntoOwnCgroup : public Exec {
 protected:
  ExecIntoOwnCgroup() {
    change_ = [](json& config) {
      for (json& mount : config["mounts"]) {
        if (mount["type"] == "cgroup") std::erase(mount["options"].get_ref<json::array_t&>(), "ro");
      }
    };
  }
  void SetUp() override {
    const auto hierarchy = runtime::cgroup::detect(runtime::cgroup::ControllerSet::container);
    if (!hierarchy.v1.empty()) GTEST_SKIP() << "takes cgroup v2 alone: " << errno_text(ENODEV);
    Exec::SetUp();
  }
};

// v2 keeps processes out of a group that hands controllers down.
TEST_F(ExecIntoOwnCgroup, GoesWhereTheFirstProcessIsWhereItsOwnTakesNone) {
  const auto group = [&](std::vector<std::string> options) {
    return exec(std::move(options), {"cat", "/proc/self/cgroup"});
  };
  ASSERT_EQ(sh({}, "mkdir /sys/fs/cgroup/foo && echo 1 >/sys/fs/cgroup/foo/cgroup.procs").status,
            0);
  EXPECT_EQ(group({}).out, "0::/\n");
  const Ran enabled = sh({},
                         "echo $$ >/sys/fs/cgroup/foo/cgroup.procs && "
                         "echo +memory >/sys/fs/cgroup/cgroup.subtree_control");
  ASSERT_EQ(enabled.status, 0) << enabled;
  EXPECT_EQ(group({}).out, "0::/foo\n");
  EXPECT_EQ(group({"--cgroup", "foo"}).out, "0::/foo\n");
  const Ran told = group({"--cgroup", "/"});
  EXPECT_EQ(told.status, 255);
  EXPECT_THAT(told.err, HasSubstr(": adding pid of the new process to cgroups: device or resource "
                                  "busy (groups below it have controllers)\n"));
  EXPECT_EQ(berth({"delete", "--force", c_}).status, 0);
}

TEST_F(ExecIntoOwnCgroup, GoesWhereTheFirstProcessIsWhereItsOwnIsGone) {
  const std::string pid = std::to_string(state(c_).value("pid", 0));
  const std::string other = "/sys/fs/cgroup/berth_test_" + pid;
  std::filesystem::create_directory(other);
  std::ofstream(other + "/cgroup.procs") << pid << std::flush;
  ASSERT_TRUE(std::filesystem::remove("/sys/fs/cgroup/berth/container_" + c_));
  EXPECT_THAT(exec({}, {"cat", "/proc/self/cgroup"}).out, HasSubstr("/berth_test_" + pid + "\n"));
  EXPECT_EQ(berth({"delete", "--force", c_}).status, 0);
  for (int i = 0; i < 500 && ::rmdir(other.c_str()) != 0; ++i) ::usleep(10'000);
  EXPECT_FALSE(std::filesystem::exists(other));
}

// A container whose root has all rights over its own user namespace.
class ExecIntoUserNamespace : public Exec {
 protected:
  ExecIntoUserNamespace() {
    change_ = [](json& config) {
      config["linux"]["namespaces"].push_back({{"type", "user"}});
      for (const char* key : {"uidMappings", "gidMappings"}) {
        config["linux"][key] = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
      }
      for (const char* set : {"bounding", "effective", "permitted"}) {
        config["process"]["capabilities"][set] = runtime::spec::known_capabilities();
      }
    };
  }
};

// Its descriptors are the host's until execve: a process inside must not get at them.
TEST_F(ExecIntoUserNamespace, TheContainerCannotLookIntoAJoiningProcess) {
  const std::string look =
      "end=$(($(date +%s) + 2)); while [ $(date +%s) -lt $end ]; do "
      "for p in /proc/[0-9]*; do readlink $p/exe 2>/dev/null | grep berth; done; done";
  Running spy({kBerth, "--root", root(), "exec", c_, "sh", "-c", look});
  for (int i = 0; i < 40; ++i) EXPECT_EQ(exec({}, {"true"}).status, 0);
  EXPECT_EQ(spy.wait().out, "");
}

}  // namespace
}  // namespace berth::test
