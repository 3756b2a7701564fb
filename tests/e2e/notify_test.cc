// NOTIFY_SOCKET: what a container says to who started berth.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>

#include "base/fd.h"
#include "tests/e2e/runtime_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Notify : public RuntimeFixture {
 protected:
  void SetUp() override {
    RuntimeFixture::SetUp();
    if (IsSkipped()) return;
    std::filesystem::copy_file(BERTH_BINARY_DIR "/tests/e2e/notify",
                               bundle() + "/rootfs/bin/notify",
                               std::filesystem::copy_options::overwrite_existing);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path().copy(address.sun_path, sizeof address.sun_path - 1);
    service_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ASSERT_EQ(::bind(service_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  std::string path() const { return folder_.path() + "/service"; }
  RunOptions with_socket() const { return {.more = {{"NOTIFY_SOCKET", path()}}}; }
  // What the program says, one message each.
  void says(std::vector<std::string> messages) {
    messages.insert(messages.begin(), "notify");
    configure([&](json& config) { config["process"]["args"] = messages; });
  }
  // berth's words, with output that nobody waits for.
  std::vector<std::string> quiet(const std::vector<std::string>& words) const {
    std::vector<std::string> all{"sh",     "-c",  "exec \"$@\" >/dev/null 2>&1", "sh", kBerth,
                                 "--root", root()};
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }
  // The messages that have come; a descriptor that comes with one is closed, as systemd does.
  std::vector<std::string> heard() const {
    std::vector<std::string> all;
    char buffer[4096];
    for (;;) {
      const ssize_t n = ::recv(service_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
      if (n < 0) return all;
      all.emplace_back(buffer, static_cast<size_t>(n));
    }
  }
  // Until that many have come, for at most ten seconds.
  std::vector<std::string> hear(size_t count) const {
    std::vector<std::string> all;
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (all.size() < count && std::chrono::steady_clock::now() < end) {
      pollfd ready{service_.get(), POLLIN, 0};
      (void)::poll(&ready, 1, 100);
      for (std::string& message : heard()) all.push_back(std::move(message));
    }
    return all;
  }
  UniqueFd service_;
};

TEST_F(Notify, TheForegroundPassesAllOnButWhatIsNotTheContainersToSay) {
  says({"STATUS=warming up", "READY=1\nMAINPID=77\nSTATUS=on", "FDSTORE=1", "STOPPING=1"});
  const std::string c = id();
  const Ran ran = berth({"run", "-b", bundle(), c}, with_socket());
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(heard(), ElementsAre("STATUS=warming up\n", "READY=1\nSTATUS=on\n", "STOPPING=1\n"));
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(Notify, StartWaitsUntilTheProgramIsReadyAndNamesIt) {
  says({"STATUS=a", "READY=1", "stay"});
  const std::string c = id();
  ASSERT_EQ(run(quiet({"create", "-b", bundle(), c}), with_socket()).status, 0);
  EXPECT_THAT(heard(), IsEmpty());
  Running starting(quiet({"start", c}), with_socket());
  const auto all = hear(4);
  EXPECT_EQ(starting.wait().status, 0);
  EXPECT_THAT(
      all, ElementsAre("STATUS=a\n", "READY=1\n",
                       "MAINPID=" + std::to_string(state(c).value("pid", 0)) + "\n", "BARRIER=1"));
  EXPECT_EQ(berth({"delete", "--force", c}).status, 0);
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(Notify, ADetachedRunWaitsUntilTheProgramIsReady) {
  says({"READY=1", "stay"});
  const std::string c = id();
  Running starting(quiet({"run", "-d", "-b", bundle(), c}), with_socket());
  EXPECT_THAT(hear(3), ::testing::Contains("READY=1\n"));
  EXPECT_EQ(starting.wait().status, 0);
  EXPECT_EQ(status(c), "running");
}

TEST_F(Notify, StartWaitsForNobodyWhoHasEnded) {
  says({"STATUS=only"});
  const std::string c = id();
  ASSERT_EQ(run(quiet({"run", "-d", "-b", bundle(), c}), with_socket()).status, 0);
  EXPECT_THAT(heard(), ElementsAre("STATUS=only\n"));
  EXPECT_EQ(await(c, "stopped"), "stopped");
}

TEST_F(Notify, AnotherUserMaySayItToo) {
  says({"READY=1"});
  configure([](json& config) { config["process"]["user"] = {{"uid", 7}, {"gid", 7}}; });
  EXPECT_EQ(berth({"run", "-b", bundle(), id()}, with_socket()).status, 0);
  EXPECT_THAT(heard(), ElementsAre("READY=1\n"));
}

TEST_F(Notify, WithoutASocketThereIsNoneInside) {
  says({"READY=1"});
  EXPECT_EQ(berth({"run", "-b", bundle(), id()}).status, 3);
}

TEST_F(Notify, ASocketThatNobodyHearsAtIsNoReasonNotToRun) {
  script("exit 5");
  service_.reset();
  EXPECT_EQ(berth({"run", "-b", bundle(), id()}, with_socket()).status, 5);
}

}  // namespace
}  // namespace berth::test
