// A program with a terminal of its own, seen through this process' terminal as a person would.
#include "runtime/container/relay.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>

#include "base/error.h"
#include "runtime/process/terminal.h"
#include "tests/runtime/container/bundle.h"

namespace berth::runtime {
namespace {

using ::testing::HasSubstr;

Entry with_terminal(Entry entry, bool pid_namespace = false) {
  entry.spec.process->terminal = true;
  entry.spec.mounts.push_back({"/dev/pts",
                               "devpts",
                               "devpts",
                               {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}});
  if (pid_namespace) entry.spec.linux_.namespaces.push_back({spec::NamespaceType::pid, ""});
  return entry;
}

[[noreturn]] void run_through(Entry entry) {
  SocketPair console = socket_pair();
  entry.console = std::move(console.first);
  entry.relayed = true;
  take_own_size(*entry.spec.process);
  const Child child = spawn(std::move(entry), {});
  const UniqueFd master = process::receive_master(console.second.get());
  ::_exit(relay_and_wait(child, master));
}

class RelayTest : public test::ContainerTestAs {
 protected:
  test::Outcome run(Entry entry) {
    return test::launch(GetParam(), [&] { run_through(std::move(entry)); });
  }
};

INSTANTIATE_TEST_SUITE_P(As, RelayTest, test::kRootAndUser, test::name_of_user);

TEST_P(RelayTest, AllOfStdioIsTheTerminal) {
  const auto outcome = run(with_terminal(
      bundle_.shell("for i in 0 1 2; do readlink /proc/self/fd/$i; done; "
                    "test -c /dev/console && echo console; echo x > /dev/tty; exit 7")));
  EXPECT_EQ(outcome.out, "/dev/pts/0\n/dev/pts/0\n/dev/pts/0\nconsole\nx\n") << outcome.err;
  EXPECT_EQ(outcome.status, 7);
}

TEST_P(RelayTest, NothingThatWasSaidIsLost) {
  const auto outcome = run(with_terminal(
      bundle_.shell("i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done"), true));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, ::testing::EndsWith("line 2998\nline 2999\n"));
}

TEST_P(RelayTest, TheSizeIsTheConfigurationsWhereNobodyHasAnother) {
  Entry entry = with_terminal(bundle_.entry({"busybox", "stty", "size"}));
  entry.spec.process->console_size = spec::ConsoleSize{.height = 11, .width = 77};
  EXPECT_EQ(run(std::move(entry)).out, "11 77\n");
}

// A person's terminal around the whole.
class Person {
 public:
  Person(uid_t uid, Entry entry) : pid_(fork_on_terminal(master_)) {
    if (pid_ != 0) return;
    try {
      test::become(uid);
      run_through(std::move(entry));
    } catch (const std::exception& e) {
      ::dprintf(2, "%s", e.what());
      ::_exit(99);
    }
  }
  ~Person() {
    if (pid_ > 0 && !waited_) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  Person(const Person&) = delete;
  Person& operator=(const Person&) = delete;

  void type(const std::string& text) { (void)!::write(master_.get(), text.data(), text.size()); }
  void resize(unsigned short rows, unsigned short columns) {
    winsize size{rows, columns, 0, 0};
    ::ioctl(master_.get(), TIOCSWINSZ, &size);
  }
  // Everything on the screen once `text` is.
  std::string see(const std::string& text) {
    pollfd ready{master_.get(), POLLIN, 0};
    while (seen_.find(text) == std::string::npos && ::poll(&ready, 1, 10000) > 0) {
      char buffer[4096];
      const ssize_t n = ::read(master_.get(), buffer, sizeof buffer);
      if (n <= 0) break;
      seen_.append(buffer, static_cast<size_t>(n));
    }
    return std::exchange(seen_, {});
  }
  bool raw() const {
    termios now{};
    ::tcgetattr(master_.get(), &now);
    return (now.c_lflag & (ICANON | ECHO | ISIG)) == 0;
  }
  bool ends_lines() const {
    termios now{};
    ::tcgetattr(master_.get(), &now);
    return (now.c_oflag & (OPOST | ONLCR)) == (OPOST | ONLCR);
  }
  int status() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    waited_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  static pid_t fork_on_terminal(UniqueFd& master) {
    winsize size{40, 100, 0, 0};
    int end = -1;
    const pid_t pid = check(::forkpty(&end, nullptr, nullptr, &size), "forkpty");
    master.reset(end);
    return pid;
  }

  UniqueFd master_;  // before pid_, which takes it
  pid_t pid_;
  std::string seen_;
  bool waited_ = false;
};

TEST_P(RelayTest, APersonTypesResizesAndInterrupts) {
  Person person(GetParam(), with_terminal(bundle_.shell(R"(
      busybox stty size
      trap 'busybox stty size' WINCH
      trap 'echo interrupted; exit 5' INT
      read word; echo "got $word"
      while :; do sleep 0.1; done)")));
  EXPECT_THAT(person.see("40 100"), HasSubstr("40 100"));
  EXPECT_TRUE(person.raw());
  EXPECT_TRUE(person.ends_lines());
  person.type("hello\n");
  EXPECT_THAT(person.see("got hello\r\n"), HasSubstr("got hello\r\n"));
  person.resize(20, 50);
  EXPECT_THAT(person.see("20 50"), HasSubstr("20 50"));
  person.type("\x03");
  EXPECT_THAT(person.see("interrupted"), HasSubstr("interrupted"));
  EXPECT_EQ(person.status(), 5);
  EXPECT_FALSE(person.raw());
}

}  // namespace
}  // namespace berth::runtime
