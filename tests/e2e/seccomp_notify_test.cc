// System calls that a seccomp agent answers (SCMP_ACT_NOTIFY), by the command line.
#include <gmock/gmock.h>
#include <sys/syscall.h>

#include <cerrno>

#include "base/error.h"
#include "tests/e2e/runtime_fixture.h"
#include "tests/support/seccomp_agent.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::HasSubstr;

class SeccompNotify : public RuntimeFixture {
 protected:
  void SetUp() override {
    RuntimeFixture::SetUp();
    if (IsSkipped()) return;
    script("mkdir /tmp/asked; sleep 300");
    configure([&](json& config) {
      config["annotations"] = {{"of", "ours"}};
      config["linux"]["seccomp"] = {
          {"defaultAction", "SCMP_ACT_ALLOW"},
          {"listenerPath", path_},
          {"listenerMetadata", "words for the agent"},
          {"syscalls",
           json::array({{{"names", {"mkdir", "mkdirat"}}, {"action", "SCMP_ACT_NOTIFY"}}})}};
    });
  }
  // The payload number `n`, once it is there.
  static json told(const SeccompAgent& agent, size_t n) {
    for (int i = 0; i < 1000 && agent.states().size() <= n; ++i) ::usleep(10'000);
    return n < agent.states().size() ? json::parse(agent.states()[n]) : json::object();
  }
  void set(const std::string& key, const json& value) {
    configure([&](json& config) { config[json::json_pointer(key)] = value; });
  }

  const std::string path_ = folder_.path() + "/agent";
};

TEST_F(SeccompNotify, AnswersTheProgramOfRun) {
  const SeccompAgent agent(path_, EXDEV);
  script("mkdir /tmp/asked");
  for (const bool no_new_privileges : {false, true}) {
    set("/process/noNewPrivileges", no_new_privileges);
    const Ran ran = berth({"run", "--bundle", bundle(), id(no_new_privileges ? "a" : "b")});
    EXPECT_NE(ran.status, 0);
    EXPECT_THAT(ran.err, HasSubstr("cross-device")) << ran;
  }
}

TEST_F(SeccompNotify, IsToldOfTheContainerAtItsStart) {
  const SeccompAgent agent(path_, EXDEV);
  const std::string c = id();
  ASSERT_EQ(berth({"create", "--bundle", bundle(), c}).status, 0);
  EXPECT_TRUE(agent.states().empty());
  const int pid = state(c).at("pid");
  ASSERT_EQ(berth({"start", c}).status, 0);
  const json told_state = told(agent, 0);
  EXPECT_EQ(told_state.at("fds"), json({"seccompFd"}));
  EXPECT_EQ(told_state.at("pid"), pid);
  EXPECT_EQ(told_state.at("metadata"), "words for the agent");
  EXPECT_EQ(told_state.at("ociVersion"), told_state.at("state").at("ociVersion"));
  EXPECT_EQ(told_state.at("state").at("id"), c);
  EXPECT_EQ(told_state.at("state").at("pid"), pid);
  EXPECT_EQ(told_state.at("state").at("status"), "created");
  EXPECT_EQ(told_state.at("state").at("bundle"), std::filesystem::canonical(bundle()).string());
  EXPECT_EQ(told_state.at("state").at("annotations").at("of"), "ours");
}

TEST_F(SeccompNotify, IsToldOfEachMoreProcess) {
  const SeccompAgent agent(path_, EXDEV);
  const std::string c = id();
  ASSERT_EQ(berth({"run", "--detach", "--bundle", bundle(), c}).status, 0);
  const int first = state(c).at("pid");
  const Ran ran = berth({"exec", c, "mkdir", "/tmp/other"});
  EXPECT_THAT(ran.err, HasSubstr("cross-device")) << ran;
  const json more = told(agent, 1);
  EXPECT_EQ(more.at("state").at("status"), "running");
  EXPECT_EQ(more.at("state").at("pid"), first);
  EXPECT_NE(more.at("pid"), first);
}

TEST_F(SeccompNotify, AnswersTheWayToTheProgramToo) {
  // Each of these is refused: only that the handing over does not hang is looked at.
  const SeccompAgent agent(path_, ENOSYS);
  set("/linux/seccomp/syscalls/0/names", {"mkdir", "close", "sendmsg", "recvmsg", "accept4"});
  script("echo here");
  EXPECT_EQ(berth({"run", "--bundle", bundle(), id()}).out, "here\n");
}

TEST_F(SeccompNotify, LeavesNoProcessAndNoDescriptorToTheProgram) {
  const SeccompAgent agent(path_, EXDEV);
  script("ls /proc/self/fd | wc -l; ls -d /proc/[0-9]*; wait");
  const Ran with = berth({"run", "--bundle", bundle(), id("a")});
  configure([](json& config) { config["linux"].erase("seccomp"); });
  const Ran without = berth({"run", "--bundle", bundle(), id("b")});
  const auto line = [](const Ran& ran, const std::string& text) {
    return ran.out.find(text + "\n") != std::string::npos;
  };
  EXPECT_EQ(with.out.substr(0, with.out.find('\n')), without.out.substr(0, without.out.find('\n')));
  EXPECT_TRUE(line(with, "/proc/1")) << with;
  EXPECT_FALSE(line(with, "/proc/2")) << with;  // it was, and the kernel buried it
}

TEST_F(SeccompNotify, BindsHooksInTheContainer) {
  const SeccompAgent agent(path_, EXDEV);
  script("echo here");
  set("/hooks/startContainer",
      json::array({{{"path", "/bin/sh"}, {"args", {"sh", "-c", "mkdir /tmp/asked"}}}}));
  const Ran ran = berth({"run", "--bundle", bundle(), id("a")});
  EXPECT_NE(ran.status, 0);
  EXPECT_THAT(ran.err, HasSubstr("error running startContainer hook #0: '/bin/sh' ended with 1"))
      << ran;
  EXPECT_THAT(ran.err, HasSubstr("cross-device")) << ran;
  set("/hooks/startContainer/0/args", {"sh", "-c", "exit 0"});
  EXPECT_EQ(berth({"run", "--bundle", bundle(), id("b")}).out, "here\n");
}

TEST_F(SeccompNotify, WithoutAnAgentNothingIsLeft) {
  const std::string c = id();
  const Ran ran = berth({"create", "--bundle", bundle(), c});
  EXPECT_NE(ran.status, 0);
  EXPECT_THAT(ran.err,
              HasSubstr("linux.seccomp.listenerPath: failed to connect with seccomp agent '" +
                        path_ + "': no such file or directory"));
  EXPECT_TRUE(remains(c).empty());
}

TEST_F(SeccompNotify, AnAgentThatIsGoneAtTheStartIsAnError) {
  const std::string c = id();
  {
    const SeccompAgent agent(path_, EXDEV);
    ASSERT_EQ(berth({"create", "--bundle", bundle(), c}).status, 0);
  }
  const Ran ran = berth({"start", c});
  EXPECT_NE(ran.status, 0);
  EXPECT_THAT(ran.err, HasSubstr("'" + path_ + "': connection refused"));
  EXPECT_EQ(await(c, "stopped"), "stopped");
  const Ran again = berth({"run", "--bundle", bundle(), id("b")});
  EXPECT_THAT(again.err, HasSubstr("'" + path_ + "': connection refused"));
}

TEST_F(SeccompNotify, IsAFeature) {
  const Ran ran = berth({"features"});
  const json seccomp = json::parse(ran.out).at("linux").at("seccomp");
  EXPECT_THAT(seccomp.at("actions"), Contains("SCMP_ACT_NOTIFY"));
  EXPECT_THAT(seccomp.at("supportedFlags"), Contains("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"));
}

}  // namespace
}  // namespace berth::test
