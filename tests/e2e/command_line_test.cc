// The options of an OCI runtime's command line, and what the verbs print.
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <sstream>

#include "tests/e2e/runtime_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class CommandLine : public RuntimeFixture {
 protected:
  std::string make(const std::string& name) {
    script("exec sleep 300");
    const std::string c = id(name);
    const Ran ran = berth({"run", "--detach", "-b", bundle(), c});
    EXPECT_EQ(ran.status, 0) << ran;
    return c;
  }
  std::vector<std::string> lines_of(const std::string& text) const {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }
};

TEST_F(CommandLine, VersionSaysWhatThisBuildIs) {
  const Ran ran = run({kBerth, "--version"});
  EXPECT_EQ(ran.status, 0);
  const auto lines = lines_of(ran.out);
  ASSERT_GE(lines.size(), 4U) << ran;
  EXPECT_THAT(lines[0], MatchesRegex("berth version [0-9]+[.][0-9]+[.][0-9]+"));
  const size_t spec = lines[1].starts_with("commit: ") ? 2 : 1;
  EXPECT_THAT(lines[spec], MatchesRegex("spec: 1[.][0-9]+[.][0-9]+"));
  EXPECT_THAT(lines.back(), HasSubstr("+SECCOMP"));
  EXPECT_THAT(lines.back(), HasSubstr("+SYSTEMD"));
  EXPECT_EQ(run({kBerth, "-v"}).out, ran.out);
  EXPECT_EQ(run({kBerth, "-V"}).out, ran.out);
  const json features = json::parse(run({kBerth, "features"}).out);
  EXPECT_EQ("spec: " + features.value("ociVersionMax", ""), lines[spec]);
  const bool apparmor = features["linux"]["apparmor"]["enabled"];
  EXPECT_EQ(lines.back().find("+APPARMOR") != std::string::npos, apparmor);
}

TEST_F(CommandLine, HelpIsForWhatThereIs) {
  const Ran all = run({kBerth, "--help"});
  EXPECT_EQ(all.status, 0);
  EXPECT_EQ(run({kBerth, "help"}).out, all.out);
  const Ran one = run({kBerth, "list", "--help"});
  EXPECT_EQ(one.status, 0);
  EXPECT_EQ(run({kBerth, "help", "list"}).out, one.out);
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {kBerth, "foo", "-h"}, {kBerth, "--debug", "foo", "--help"}, {kBerth, "help", "foo"}}) {
    const Ran none = run(words);
    EXPECT_NE(none.status, 0) << none;
    EXPECT_EQ(none.out, "");
    EXPECT_EQ(none.err, "berth: unknown verb: No help topic for 'foo' (see berth --help)\n");
  }
}

TEST_F(CommandLine, DebugTellsThePhasesOnStandardErrorOrInTheLog) {
  script("exec sleep 300");
  const std::string c = id();
  const Ran made = berth({"--debug", "create", "-b", bundle(), c});
  ASSERT_EQ(made.status, 0) << made;
  for (const std::string& line : lines_of(made.err)) {
    EXPECT_THAT(line, MatchesRegex("time=\"[^\"]+\" level=debug msg=\".*\""));
  }
  EXPECT_THAT(made.err, HasSubstr("create container '" + c + "'"));
  EXPECT_THAT(made.err, HasSubstr("made cgroup 'berth/container_" + c + "'"));
  EXPECT_THAT(made.err, HasSubstr("made process "));
  for (const char* words : {"nsexec container setup: process ", "child process in init(): process ",
                            "init: closing the pipe to signal completion: process "}) {
    EXPECT_THAT(made.err, HasSubstr(words)) << "tools look for these words of runc's";
  }

  const std::string log = folder_.path() + "/log";
  const std::vector<std::string> quiet{"--log", log,           "--log-format",
                                       "json",  "--log-level", "debug"};
  const auto with_log = [&](std::vector<std::string> words) {
    words.insert(words.begin(), quiet.begin(), quiet.end());
    return berth(words);
  };
  const Ran started = with_log({"start", c});
  EXPECT_EQ(started.status, 0);
  EXPECT_EQ(started.err, "") << "it is all in the log";
  EXPECT_EQ(with_log({"exec", c, "true"}).err, "");
  std::string all;
  for (const std::string& line : lines_of(read_file(AT_FDCWD, log))) {
    const json entry = json::parse(line);
    EXPECT_EQ(entry.value("level", ""), "debug");
    all += entry.value("msg", "") + "\n";
  }
  EXPECT_THAT(all, HasSubstr("start container '" + c + "'\n"));
  EXPECT_THAT(all, HasSubstr("exec 'true' in container '" + c + "'\n"));
  EXPECT_THAT(all, HasSubstr("child process in init(): process "));
  EXPECT_THAT(all, HasSubstr("setns_init: about to exec: process "));
  EXPECT_FALSE(std::filesystem::exists(bundle() + "/rootfs" + log)) << "nothing from inside";
}

TEST_F(CommandLine, TheLevelDropsWhatIsBelowIt) {
  configure([](json& config) {
    config["linux"]["personality"] = {{"domain", "LINUX"}, {"flags", {"X"}}};
    config["process"]["args"] = {"true"};
  });
  EXPECT_THAT(berth({"run", "-b", bundle(), id("a")}).err, HasSubstr("linux.personality.flags"));
  EXPECT_EQ(berth({"--log-level", "error", "run", "-b", bundle(), id("b")}).err, "");
  EXPECT_THAT(berth({"--log-level", "error", "--debug", "run", "-b", bundle(), id("c")}).err,
              HasSubstr("level=debug"));
  EXPECT_THAT(berth({"--log-level", "loud", "list"}).err, HasSubstr("--log-level"));
}

TEST_F(CommandLine, TheLogMayBeNamedAsAFile) {
  const std::string log = folder_.path() + "/log";
  EXPECT_EQ(berth({"--log", "file:" + log, "start", "none"}).status, 1);
  EXPECT_THAT(read_file(AT_FDCWD, log), HasSubstr("level=error msg=\"container 'none'"));
  for (const char* name : {"/none/log", "file:/none/log"}) {
    const Ran ran = berth({"--log", name, "features"});
    EXPECT_EQ(ran.status, 1) << "as with other runtimes: nothing is done then";
    EXPECT_EQ(ran.err, "berth: --log: open '/none/log': no such file or directory\n");
  }
  EXPECT_EQ(berth({"--log", log + "2", "features"}).status, 0);
  EXPECT_EQ(read_file(AT_FDCWD, log + "2"), "") << "it is there, whatever there is to say";
}

TEST_F(CommandLine, ListOfARootThatIsNotThereIsAnErrorIfItWasNamed) {
  const Ran named = berth({"list"});
  EXPECT_EQ(named.status, 1);
  EXPECT_EQ(named.err, "berth: open --root '" + root() + "': no such file or directory\n");
  EXPECT_EQ(named.out, "");
  const Ran own = run({kBerth, "list"}, {.user = "nobody", .more = {{"XDG_RUNTIME_DIR", root()}}});
  EXPECT_EQ(own.status, 0) << own;
  EXPECT_EQ(own.out, "ID          PID         STATUS      BUNDLE      CREATED     OWNER\n");
}

TEST_F(CommandLine, ListHasTheColumnsThatCallersCut) {
  const std::string c = make("a");
  const auto lines = lines_of(berth({"list"}).out);
  ASSERT_EQ(lines.size(), 2U);
  const std::string pid = std::to_string(state(c).value("pid", 0));
  EXPECT_THAT(lines[1], MatchesRegex(c + " +" + pid + " +running     " + bundle() +
                                     "   20[0-9T:.-]+Z   root"));
  EXPECT_EQ(lines[0].find("BUNDLE"), lines[1].find(bundle()));
  EXPECT_EQ(lines[0].find("PID"), std::max<size_t>(c.size() + 3, 12));
}

TEST_F(CommandLine, PsHasOptionsOfPsAndAStoppedContainerHasNoProcesses) {
  const std::string c = make("a");
  EXPECT_THAT(berth({"ps", c}).out, StartsWith("UID"));
  const Ran wide = berth({"ps", c, "-e", "-o", "pid,comm"});
  EXPECT_THAT(wide.out, MatchesRegex(" *PID COMMAND\n *[0-9]+ sleep\n")) << wide;
  EXPECT_THAT(berth({"ps", c, "-e", "-o", "comm"}).err, HasSubstr("PID"));
  EXPECT_EQ(json::parse(berth({"ps", "-f", "json", c}).out).size(), 1U);
  ASSERT_EQ(berth({"kill", c, "KILL"}).status, 0);
  ASSERT_EQ(await(c, "stopped"), "stopped");
  const Ran stopped = berth({"ps", c});
  EXPECT_EQ(stopped.status, 0) << stopped;
  EXPECT_EQ(lines_of(stopped.out).size(), 1U) << stopped;
  EXPECT_EQ(berth({"ps", "-f", "json", c}).out, "[]\n");
}

TEST_F(CommandLine, KillAndDeleteTakePatterns) {
  const std::string a = make("one"), b = make("two"), other = make("other");
  const std::string pattern = "^" + folder_.name() + "(one|two)$";
  const Ran killed = berth({"kill", "--regex", pattern, "KILL"});
  EXPECT_EQ(killed.status, 0) << killed;
  EXPECT_EQ(await(a, "stopped"), "stopped");
  EXPECT_EQ(await(b, "stopped"), "stopped");
  EXPECT_EQ(status(other), "running");

  const Ran again = berth({"kill", "-r", pattern});
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr(a));
  EXPECT_THAT(again.err, HasSubstr(b)) << "an error with one does not spare the next";

  const Ran living = berth({"delete", "-r", folder_.name()});
  EXPECT_EQ(living.status, 1);
  EXPECT_THAT(living.err, HasSubstr("'" + other + "' that is not stopped"));
  EXPECT_EQ(status(a), "none");
  EXPECT_EQ(status(other), "running");
  EXPECT_EQ(berth({"delete", "--force", "--regex", folder_.name()}).status, 0);
  EXPECT_EQ(berth({"delete", "--force", "--regex", folder_.name()}).status, 0) << "none is left";
  EXPECT_THAT(remains(other), IsEmpty());

  const Ran wrong = berth({"delete", "-r", "a["});
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.err, StartsWith("berth: --regex: 'a[' is not a regular expression: "));
}

// Somebody who waits for a descriptor on a unix socket.
class Receiver {
 public:
  explicit Receiver(const std::string& path)
      : listener_(check(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket")) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    check(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
    check(::listen(listener_.get(), 1), "listen");
  }
  // The pid that the descriptor got is about; 0: none came.
  int pid() const {
    pollfd wanted{listener_.get(), POLLIN, 0};
    if (::poll(&wanted, 1, 10'000) != 1) return 0;
    const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    char byte[64];
    iovec data{byte, sizeof byte};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))];
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (::recvmsg(connection.get(), &message, MSG_CMSG_CLOEXEC) < 0) return 0;
    const cmsghdr* const header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS) return 0;
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
    const UniqueFd pidfd(fd);
    std::ifstream info("/proc/self/fdinfo/" + std::to_string(fd));
    for (std::string key; info >> key;) {
      int value = 0;
      if (key == "Pid:" && info >> value) return value;
    }
    return 0;
  }

 private:
  UniqueFd listener_;
};

TEST_F(CommandLine, ADescriptorOfTheProcessIsSent) {
  script("exec sleep 300");
  const std::string socket = folder_.path() + "/pidfd";
  const Receiver receiver(socket);
  const std::string c = id();
  ASSERT_EQ(berth({"create", "-b", bundle(), "--pidfd-socket", socket, c}).status, 0);
  EXPECT_EQ(receiver.pid(), state(c).value("pid", -1));

  configure([&](json& config) { config["annotations"]["run.oci.pidfd_receiver"] = socket; });
  const std::string d = id("d");
  ASSERT_EQ(berth({"run", "-d", "-b", bundle(), d}).status, 0);
  EXPECT_EQ(receiver.pid(), state(d).value("pid", -1));
}

TEST_F(CommandLine, WhereTheDescriptorCannotBeSentNothingIsLeft) {
  script("exec sleep 300");
  for (const char* verb : {"create", "run"}) {
    const std::string c = id(verb);
    const Ran ran = berth({verb, "-b", bundle(), "--pidfd-socket", "/none/socket", c});
    EXPECT_EQ(ran.status, 1) << ran;
    EXPECT_THAT(ran.err, HasSubstr("/none/socket"));
    EXPECT_THAT(remains(c), IsEmpty());
  }
}

TEST_F(CommandLine, SpecWritesToTheFileThatIsNamed) {
  const std::string folder = folder_.path();
  EXPECT_EQ(run({kBerth, "spec", "-b", folder}).status, 0);
  const Ran again = run({kBerth, "spec", "-b", folder});
  EXPECT_EQ(again.status, 1);
  EXPECT_EQ(again.err, "berth: config.json exists: remove it first\n");
  std::ofstream(folder + "/other.json") << std::string(100'000, ' ');
  EXPECT_EQ(run({kBerth, "spec", "-b", folder, "--file", "other.json"}).status, 0);
  EXPECT_EQ(read_file(AT_FDCWD, folder + "/other.json"),
            read_file(AT_FDCWD, folder + "/config.json"));
}

TEST_F(CommandLine, UpdateOfACacheGroupThatIsNotThereNamesWhatIsMissing) {
  const std::string c = make("a");
  for (const char* option : {"--l3-cache-schema", "--mem-bw-schema"}) {
    const Ran ran = berth({"update", option, "L3:0=f", c});
    EXPECT_EQ(ran.status, 1);
    EXPECT_EQ(ran.err, std::string("berth: ") + option + ": container '" + c +
                           "' has no linux.intelRdt in its configuration: there is no group to "
                           "change\n");
  }
  EXPECT_EQ(berth({"update", "--kernel-memory", "5m", "--kernel-memory-tcp", "5m", c}).status, 0);
}

TEST_F(CommandLine, AResctrlGroupTakesAResctrl) {
  if (std::filesystem::exists("/sys/fs/resctrl/schemata"))
    GTEST_SKIP() << "resctrl is mounted here";
  configure([](json& config) { config["linux"]["intelRdt"] = json::object(); });
  const std::string c = id();
  const Ran ran = berth({"run", "-b", bundle(), c});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.err,
            "berth: config.json: linux.intelRdt: no resctrl is mounted at /sys/fs/resctrl\n");
  EXPECT_THAT(remains(c), ::testing::IsEmpty());
}

TEST_F(CommandLine, WhatBerthHasNoUseForIsTaken) {
  EXPECT_EQ(berth({"--criu", "/usr/sbin/criu", "--rootless", "auto", "state", "none"}).err,
            "berth: container 'none' does not exist\n");
}

TEST_F(CommandLine, ASwitchMayBeGivenWithItsValue) {
  script("true");
  const Ran ran = berth({"--systemd-cgroup=false", "--debug=false", "run", "--detach=false",
                         "--keep=true", "-b", bundle(), id()});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(ran.err, "");
}

TEST_F(CommandLine, WhatFollowsTheIdBelongsToTheCommand) {
  const std::string c = make("a");
  EXPECT_EQ(berth({"exec", "--env", "A=b", c, "sh", "-c", "echo $A \"$@\"", "x", "-d", "--tty",
                   "--env", "B=c", "--", "-h"})
                .out,
            "b -d --tty --env B=c -- -h\n");
  EXPECT_EQ(berth({"exec", "-u", "7:8", "-g", "9", "-g", "10", "--cwd", "/usr", c, "sh", "-c",
                   "id -u; id -g; id -G; pwd"})
                .out,
            "7\n8\n8 9 10\n/usr\n");
  EXPECT_THAT(berth({"exec", "-c", "CAP_SYS_TIME", c, "grep", "CapEff", "/proc/self/status"}).out,
              MatchesRegex("CapEff:\t[0-9a-f]+2[0-9a-f]{6}\n"));
}

TEST_F(CommandLine, AConsoleSocketIsForWhoDetaches) {
  configure([](json& config) { config["process"]["terminal"] = true; });
  const Ran attached = berth({"run", "-b", bundle(), "--console-socket", "/tmp/none", id("a")});
  EXPECT_EQ(attached.status, 1);
  EXPECT_EQ(
      attached.err,
      "berth: --console-socket: this process stays and shows the terminal: --detach is wanted\n");
  const Ran nobody = berth({"run", "-d", "-b", bundle(), id("b")});
  EXPECT_EQ(nobody.status, 1);
  EXPECT_THAT(nobody.err, HasSubstr("--console-socket is wanted"));
}

TEST_F(CommandLine, TraceTimeTellsEachStep) {
  script("echo ran; exit 3");
  const Ran ran = berth({"--trace-time", "run", "--bundle", bundle(), id()});
  EXPECT_EQ(ran.status, 3) << ran;
  EXPECT_EQ(ran.out, "ran\n");
  std::istringstream lines(ran.err);
  std::string steps;
  int64_t last = 0;
  for (std::string line; std::getline(lines, line);) {
    std::string berth, unit;
    int64_t time = -1;
    std::istringstream words(line);
    words >> berth >> time >> unit;
    EXPECT_EQ(berth + unit, "berth:us") << line;
    EXPECT_GE(time, last) << line;
    last = time;
    steps += line.substr(line.rfind("  ")) + ";";
  }
  for (const char* const step : {"configuration read", "namespaces made", "program ended"}) {
    EXPECT_THAT(steps, ::testing::HasSubstr(step));
  }
  EXPECT_EQ(berth({"run", "--bundle", bundle(), id("b")}).err, "");
}

}  // namespace
}  // namespace berth::test
