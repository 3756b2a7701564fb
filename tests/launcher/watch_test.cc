// The loop of `berth top` on a pseudo terminal.
#include "launcher/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/fd.h"

namespace berth::launcher {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using Output = WatchOptions::Output;

constexpr const char* kEnter = "\033[?1049h";
constexpr const char* kLeave = "\033[?25h\033[?1049l";

TopSample sample(int number) {
  TopSample sample;
  sample.at += std::chrono::seconds(number);
  sample.caches[0] = {8 << 20, 8};
  const uint64_t bytes = static_cast<uint64_t>(number) << 20;
  sample.holders.push_back(
      {{HolderKind::claim, "job_1", "job 1", {{"berth_1", "job_1", {{0, 4096, bytes, bytes}}}}},
       {}});
  sample.holders.push_back(
      {{HolderKind::rest, "", "default group", {{"", "", {{0, 8192, 0, 0}}}}}, {}});
  return sample;
}

// A child that watches on a terminal of its own.
class Watched {
 public:
  explicit Watched(WatchOptions options, bool fails = false) {
    options.output = Output::screen;
    winsize size{24, 100, 0, 0};
    int slave = -1;
    check(::openpty(&master_, &slave, nullptr, nullptr, &size), "openpty");
    slave_ = UniqueFd(slave);
    check(::tcgetattr(slave, &before_), "tcgetattr");
    pid_ = check(::fork(), "fork");
    if (pid_ == 0) ::_exit(child(options, slave, fails));
  }
  ~Watched() {
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    ::close(master_);
  }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  // False where the words do not come in time.
  bool sees(const std::string& words) {
    return until([&] { return seen_.find(words, from_) != std::string::npos; });
  }
  void forget() { from_ = seen_.size(); }
  void type(const char* keys) const { check(::write(master_, keys, strlen(keys)), "type"); }
  void resize(unsigned short width) const {
    winsize size{24, width, 0, 0};
    check(::ioctl(master_, TIOCSWINSZ, &size), "TIOCSWINSZ");
  }
  void send(int signal) const { ::kill(pid_, signal); }
  // Its exit status, 128+N where a signal ended it; -1: it goes on.
  int end() {
    int status = -1;
    const bool ended = until([&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; });
    if (!ended) return -1;
    pid_ = -1;
    until([] { return false; }, milliseconds(50));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  bool restored() const {
    termios now{};
    check(::tcgetattr(slave_.get(), &now), "tcgetattr");
    return now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag &&
           now.c_cc[VSUSP] == before_.c_cc[VSUSP];
  }
  bool raw() const {
    termios now{};
    check(::tcgetattr(slave_.get(), &now), "tcgetattr");
    return (now.c_lflag & (ICANON | ECHO)) == 0;
  }
  const std::string& seen() const { return seen_; }

 private:
  // Its terminal is the controlling one, so that Ctrl-C is a signal.
  static int child(const WatchOptions& options, int slave, bool fails) {
    ::setsid();
    ::ioctl(slave, TIOCSCTTY, 0);
    int number = 0;
    try {
      return watch(
          options,
          [&] {
            if (fails && number == 2) throw Error("resctrl is gone");
            return sample(number++);
          },
          slave, slave);
    } catch (const Error&) {
      return 125;
    }
  }
  template <class Done>
  bool until(const Done& done, milliseconds patience = milliseconds(20'000)) {
    const auto deadline = steady_clock::now() + patience;
    while (!done()) {
      if (steady_clock::now() > deadline) return false;
      pollfd ready{master_, POLLIN, 0};
      if (::poll(&ready, 1, 10) <= 0) continue;
      char buffer[4096];
      const ssize_t got = ::read(master_, buffer, sizeof buffer);
      if (got > 0) seen_.append(buffer, static_cast<size_t>(got));
    }
    return true;
  }

  int master_ = -1;
  UniqueFd slave_;
  termios before_{};
  pid_t pid_ = -1;
  std::string seen_;
  size_t from_ = 0;
};

WatchOptions every(milliseconds interval) {
  WatchOptions options;
  options.interval = interval;
  return options;
}

TEST(Watch, ThePageIsThereAtOnceAndQEndsIt) {
  Watched watched(every(std::chrono::hours(1)));
  ASSERT_TRUE(watched.sees("default group")) << watched.seen();
  EXPECT_TRUE(watched.raw());
  EXPECT_THAT(watched.seen(), HasSubstr(kEnter));
  EXPECT_THAT(watched.seen(), HasSubstr("job 1"));
  EXPECT_THAT(watched.seen(), Not(HasSubstr(kLeave)));
  watched.type("xq");
  EXPECT_EQ(watched.end(), 0);
  EXPECT_TRUE(watched.restored());
  EXPECT_THAT(watched.seen(), EndsWith(kLeave));
}

TEST(Watch, TheNextReadingHasRates) {
  Watched watched(every(milliseconds(100)));
  EXPECT_TRUE(watched.sees("1.0 MiB/s")) << watched.seen();
  watched.type("q");
  EXPECT_EQ(watched.end(), 0);
}

TEST(Watch, CtrlCEndsIt) {
  Watched watched(every(std::chrono::hours(1)));
  ASSERT_TRUE(watched.sees("default group"));
  watched.type("\003");
  EXPECT_EQ(watched.end(), 0);
  EXPECT_TRUE(watched.restored());
  EXPECT_THAT(watched.seen(), EndsWith(kLeave));
}

TEST(Watch, OtherSignalsEndItWithTheTerminalAsItWas) {
  for (const int signal : {SIGTERM, SIGHUP}) {
    Watched watched(every(std::chrono::hours(1)));
    ASSERT_TRUE(watched.sees("default group"));
    watched.send(signal);
    EXPECT_EQ(watched.end(), 128 + signal);
    EXPECT_TRUE(watched.restored());
    EXPECT_THAT(watched.seen(), EndsWith(kLeave));
  }
}

TEST(Watch, AReadingThatFailsLeavesTheTerminalAsItWas) {
  Watched watched(every(milliseconds(100)), /*fails=*/true);
  EXPECT_EQ(watched.end(), 125);
  EXPECT_TRUE(watched.restored());
  EXPECT_THAT(watched.seen(), EndsWith(kLeave));
}

TEST(Watch, AnotherSizeIsDrawnAtOnce) {
  Watched watched(every(std::chrono::hours(1)));
  ASSERT_TRUE(watched.sees("default group"));
  EXPECT_THAT(watched.seen(), HasSubstr("OCCUPANCY"));
  watched.forget();
  watched.resize(30);
  EXPECT_TRUE(watched.sees("berth top  ")) << watched.seen();
  EXPECT_TRUE(watched.sees("TOTAL"));
  watched.type("q");
  EXPECT_EQ(watched.end(), 0);
}

TEST(Watch, KeysChooseTheOrder) {
  Watched watched(every(std::chrono::hours(1)));
  ASSERT_TRUE(watched.sees("by bandwidth"));
  watched.type("o");
  EXPECT_TRUE(watched.sees("by occupancy"));
  watched.type("n");
  EXPECT_TRUE(watched.sees("by name"));
  watched.type("q");
  EXPECT_EQ(watched.end(), 0);
}

TEST(Watch, CountEndsIt) {
  WatchOptions options = every(milliseconds(100));
  options.count = 2;
  Watched watched(options);
  EXPECT_EQ(watched.end(), 0);
  EXPECT_TRUE(watched.restored());
  EXPECT_THAT(watched.seen(), HasSubstr("1.0 MiB/s"));
}

std::string piped(Output output, uint64_t count) {
  WatchOptions options = every(milliseconds(100));
  options.output = output;
  options.count = count;
  Pipe pipe = make_pipe();
  int number = 0;
  EXPECT_EQ(watch(
                options, [&] { return sample(number++); }, -1, pipe.write.get()),
            0);
  pipe.write.reset();
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(pipe.read.get(), buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<size_t>(got));
  }
  return text;
}

TEST(Watch, ABlockOfLinesForEachReading) {
  const std::string text = piped(Output::lines, 2);
  EXPECT_THAT(text, Not(HasSubstr("\033")));
  EXPECT_THAT(text,
              testing::MatchesRegex("[0-9: -]+\nHOLDER [^\n]+\njob 1 [^\n]+1.0 MiB/s[^\n]+\n"
                                    "default group [^\n]+\n\n"
                                    "[0-9: -]+\nHOLDER [^\n]+\njob 1 [^\n]+\ndefault[^\n]+\n\n"));
}

TEST(Watch, ALineOfJsonForEachReading) {
  const std::string text = piped(Output::json, 2);
  ASSERT_EQ(std::ranges::count(text, '\n'), 2);
  const auto json = nlohmann::json::parse(text.substr(0, text.find('\n')));
  EXPECT_EQ(json.at("interval"), 1.0);
  EXPECT_EQ(json.at("rows").at(0).at("totalBytesPerSecond"), 1 << 20);
}

TEST(Watch, WhoReadsNoMoreEndsIt) {
  WatchOptions options = every(milliseconds(100));
  Pipe pipe = make_pipe();
  pipe.read.reset();
  ::signal(SIGPIPE, SIG_IGN);
  EXPECT_EQ(watch(
                options, [] { return sample(0); }, -1, pipe.write.get()),
            0);
}

}  // namespace
}  // namespace berth::launcher
