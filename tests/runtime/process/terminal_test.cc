#include "runtime/process/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "tests/runtime/process/in_child.h"

namespace berth::runtime::process {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A tmpfs as a container's root, in a mount namespace of this child's own.
UniqueFd root_with(bool devpts) {
  check(::unshare(CLONE_NEWNS), "unshare");
  check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount");
  check(::mount("tmpfs", "/mnt", "tmpfs", 0, nullptr), "mount");
  check(::mkdir("/mnt/dev", 0755), "mkdir");
  check(::mkdir("/mnt/dev/pts", 0755), "mkdir");
  if (devpts) {
    check(::mount("devpts", "/mnt/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
                  "newinstance,ptmxmode=0666,mode=0620"),
          "mount");
  }
  return open_dir(AT_FDCWD, "/mnt");
}

class TerminalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  }
};

TEST_F(TerminalTest, IsTheFirstOfTheContainersOwnDevpts) {
  EXPECT_EQ(test::in_child([] {
              const Terminal terminal = open_terminal(root_with(true).get(), {});
              struct stat st {};
              check(::stat("/mnt/dev/pts/0", &st), "stat");
              struct stat slave {};
              check(::fstat(terminal.slave.get(), &slave), "fstat");
              return std::string(st.st_rdev == slave.st_rdev ? "the same" : "another");
            }),
            "the same");
}

TEST_F(TerminalTest, HasTheSizeThatTheConfigurationSays) {
  EXPECT_EQ(test::in_child([] {
              spec::Process process;
              process.console_size = spec::ConsoleSize{.height = 30, .width = 120};
              const Terminal terminal = open_terminal(root_with(true).get(), process);
              winsize size{};
              check(::ioctl(terminal.slave.get(), TIOCGWINSZ, &size), "TIOCGWINSZ");
              return std::to_string(size.ws_row) + "x" + std::to_string(size.ws_col);
            }),
            "30x120");
}

TEST_F(TerminalTest, ControlsItsProgramAndIsItsUsers) {
  EXPECT_EQ(test::in_child([] {
              const Terminal terminal = open_terminal(root_with(true).get(), {});
              give_terminal(terminal, {.uid = 1234, .gid = 5, .umask = {}, .additional_gids = {}});
              ::signal(SIGHUP, SIG_IGN);  // the master ends with this test
              take_terminal(terminal.slave.get());
              struct stat st {};
              check(::fstat(1, &st), "fstat");
              const UniqueFd own(check(::open("/dev/tty", O_RDWR | O_CLOEXEC), "open /dev/tty"));
              return std::to_string(::tcgetsid(0) == ::getpid()) + " " + std::to_string(st.st_uid);
            }),
            "1 1234");
}

TEST_F(TerminalTest, NothingButADevptsIsOpened) {
  EXPECT_THAT(test::in_child([] {
                const UniqueFd root = root_with(false);
                // The right number, but not of a devpts: it would be the host's.
                check(::mknod("/mnt/dev/pts/ptmx", S_IFCHR | 0666, ::makedev(5, 2)), "mknod");
                (void)open_terminal(root.get(), {});
                return std::string("opened");
              }),
              HasSubstr("'/dev/pts' is not a devpts"));
}

TEST_F(TerminalTest, AnotherDeviceOfADevptsIsRefused) {
  EXPECT_THAT(test::in_child([] {
                const UniqueFd root = root_with(true);
                const Terminal first = open_terminal(root.get(), {});
                check(::mount("/mnt/dev/pts/0", "/mnt/dev/pts/ptmx", nullptr, MS_BIND, nullptr),
                      "mount");
                (void)open_terminal(root.get(), {});
                return std::string("opened");
              }),
              StartsWith("error: open terminal '/dev/pts/ptmx': "));
}

TEST_F(TerminalTest, ALinkIsNotFollowed) {
  EXPECT_THAT(test::in_child([] {
                const UniqueFd root = root_with(true);
                check(::rename("/mnt/dev", "/mnt/elsewhere"), "rename");
                check(::symlink("elsewhere", "/mnt/dev"), "symlink");
                (void)open_terminal(root.get(), {});
                return std::string("opened");
              }),
              StartsWith("error: open terminal '/dev/pts': "));
}

TEST_F(TerminalTest, AMasterGoesThroughASocketWithALongPath) {
  char folder[] = "/tmp/berth-console-XXXXXX";
  ASSERT_NE(::mkdtemp(folder), nullptr);
  const std::string deep = std::string(folder) + "/" + std::string(120, 'd');
  ASSERT_EQ(::mkdir(deep.c_str(), 0700), 0);
  // An address holds 107 characters: made by a short name.
  const UniqueFd dir = open_dir(AT_FDCWD, deep);
  const std::string name = "/proc/self/fd/" + std::to_string(dir.get()) + "/s";
  const UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, name.c_str());
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);
  EXPECT_EQ(test::in_child([&] {
              send_master(deep + "/s", open_terminal(root_with(true).get(), {}).master.get());
              return std::string("sent");
            }),
            "sent");
  const UniqueFd peer(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  const UniqueFd master = receive_master(peer.get());
  unsigned number = 99;
  EXPECT_EQ(::ioctl(master.get(), TIOCGPTN, &number), 0);
  EXPECT_EQ(number, 0u);
  ::unlinkat(dir.get(), "s", 0);
  ::rmdir(deep.c_str());
  ::rmdir(folder);
}

TEST_F(TerminalTest, NobodyAtTheSocketIsAnErrorWithItsName) {
  EXPECT_EQ(test::in_child([] {
              send_master("/no/such/socket", 0);
              return std::string("sent");
            }),
            "error: connect to console socket '/no/such/socket': no such file or directory");
}

}  // namespace
}  // namespace berth::runtime::process
