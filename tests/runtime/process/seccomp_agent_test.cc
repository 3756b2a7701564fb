#include "runtime/process/seccomp_agent.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "runtime/process/capabilities.h"
#include "tests/runtime/process/in_child.h"
#include "tests/support/seccomp_agent.h"
#include "tests/support/temporary_folder.h"

namespace berth::runtime::process {
namespace {

using ::testing::ElementsAre;

class Agent : public ::testing::Test {
 protected:
  // What mkdir comes to where the agent is asked about it.
  std::string make_directory(const std::string& state = "{}", bool forks_later = false) {
    return test::in_child([&] {
      const SeccompFilter filter = SeccompFilter::compile(seccomp_);
      set_no_new_privileges();
      UniqueFd agent = connect_agent(path_);
      load_for_agent(filter, std::move(agent), state, forks_later);
      const int code = ::mkdir("/proc/berth", 0700) < 0 ? errno : 0;
      const bool childless =
          !forks_later || (::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD);
      return errno_text(code) + (childless ? "" : ", and a child");
    });
  }

  static spec::Seccomp notify(std::vector<std::string> names) {
    spec::Seccomp seccomp;
    seccomp.default_action = "SCMP_ACT_ALLOW";
    seccomp.syscalls.push_back({std::move(names), "SCMP_ACT_NOTIFY", {}, {}});
    return seccomp;
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_.path() + "/agent";
  spec::Seccomp seccomp_ = notify({"mkdir"});
};

TEST_F(Agent, AnswersTheCall) {
  const test::SeccompAgent agent(path_, EXDEV);
  EXPECT_EQ(make_directory("{\"pid\": 5}"), errno_text(EXDEV));
  EXPECT_THAT(agent.states(), ElementsAre("{\"pid\": 5}"));
  EXPECT_THAT(agent.calls(), ElementsAre(SYS_mkdir));
}

TEST_F(Agent, LeavesNoChildToWhoHasOthers) {
  const test::SeccompAgent agent(path_, EXDEV);
  EXPECT_EQ(make_directory("{}", true), errno_text(EXDEV));
}

TEST_F(Agent, IsAskedAboutAllThatTheHandingOverDoesNotTake) {
  const test::SeccompAgent agent(path_, EXDEV);
  seccomp_ = notify({"mkdir", "sendmsg", "close", "kill", "clone3", "prctl", "rt_sigaction"});
  EXPECT_EQ(make_directory(), errno_text(EXDEV));
}

TEST_F(Agent, HearsOfALongState) {
  const test::SeccompAgent agent(path_, EXDEV);
  const std::string state(200'000, 'x');
  EXPECT_EQ(make_directory(state), errno_text(EXDEV));
  EXPECT_EQ(agent.states(), std::vector{state});
}

TEST_F(Agent, MayHaveAnAbstractName) {
  path_ = "@" + folder_.name();
  const test::SeccompAgent agent(path_, EXDEV);
  EXPECT_EQ(make_directory(), errno_text(EXDEV));
}

TEST_F(Agent, IsLoadedWithEachFlag) {
  const test::SeccompAgent agent(path_, EXDEV);
  seccomp_.flags = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
                    "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
  EXPECT_EQ(make_directory(), errno_text(EXDEV));
}

TEST_F(Agent, ThatIsMissingIsNamed) {
  EXPECT_EQ(make_directory(),
            "error: linux.seccomp.listenerPath: failed to connect with seccomp agent '" + path_ +
                "': no such file or directory");
  EXPECT_THROW(require_agent(path_), Error);
  EXPECT_THROW(require_agent(folder_.path()), Error);
  const test::SeccompAgent agent(path_, EXDEV);
  EXPECT_NO_THROW(require_agent(path_));
}

TEST_F(Agent, ThatDiedIsAnError) {
  const UniqueFd closed = [] {
    SocketPair pair = socket_pair();
    return std::move(pair.first);
  }();
  EXPECT_EQ(test::in_child([&] {
              const SeccompFilter filter = SeccompFilter::compile(seccomp_);
              set_no_new_privileges();
              load_for_agent(filter, duplicate(closed.get()), "{}", false);
              return std::string("loaded");
            }),
            "error: linux.seccomp.listenerPath: send listener to agent: broken pipe");
}

}  // namespace
}  // namespace berth::runtime::process
