#include "base/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"

namespace berth {
namespace {

int code_of(const auto& action) {
  try {
    action();
  } catch (const Error& e) {
    return e.code();
  }
  return -1;
}

class File : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(::mkdtemp(path_.data()), nullptr);
    dir_ = open_dir(AT_FDCWD, path_);
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  int dir() const { return dir_.get(); }
  void put(const std::string& name, std::string_view content) const {
    write_all(open_file(dir(), name, O_WRONLY | O_CREAT | O_TRUNC, 0600).get(), content, name);
  }
  mode_t mode_of(const char* name) const {
    struct stat st {};
    check(::fstatat(dir(), name, &st, 0), "stat", name);
    return st.st_mode & 07777U;
  }

  std::string path_ = "/tmp/berth_file_test.XXXXXX";
  UniqueFd dir_;
};

TEST_F(File, OpensCloseOnExec) {
  const UniqueFd fd = open_file(dir(), "f", O_WRONLY | O_CREAT, 0600);
  EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_NE(::fcntl(dir_.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(File, OpenDirRefusesWhatIsNone) {
  put("f", "x");
  EXPECT_EQ(code_of([&] { open_dir(dir(), "f"); }), ENOTDIR);
  EXPECT_EQ(code_of([&] { open_dir_if_exists(dir(), "f"); }), ENOTDIR);
  EXPECT_EQ(code_of([&] { open_dir(dir(), "absent"); }), ENOENT);
  EXPECT_EQ(open_dir_if_exists(dir(), "absent"), std::nullopt);
}

TEST_F(File, ReadsUpToTheCapAndNeverShort) {
  put("f", std::string(10000, 'x'));
  EXPECT_EQ(read_file(dir(), "f", 10000), std::string(10000, 'x'));
  EXPECT_EQ(code_of([&] { read_file(dir(), "f", 9999); }), EFBIG);
  put("empty", "");
  EXPECT_EQ(read_file(dir(), "empty", 0), "");
}

TEST_F(File, ReadsProcFilesWhoseSizeSaysZero) {
  EXPECT_NE(read_file(AT_FDCWD, "/proc/self/status").find("Pid:"), std::string::npos);
}

TEST_F(File, ReadIfExistsKnowsAProcessThatGoesMeanwhile) {
  const pid_t pid = check(::fork(), "fork");
  if (pid == 0) {
    for (;;) ::pause();
  }
  const UniqueFd stat =
      open_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/stat", O_RDONLY | O_CLOEXEC);
  // The same file, opened once more: it is found, and then there is nothing to be read.
  const std::string again = "/proc/self/fd/" + std::to_string(stat.get());
  EXPECT_TRUE(read_file_if_exists(AT_FDCWD, again));
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  EXPECT_EQ(code_of([&] { (void)read_file(AT_FDCWD, again); }), ESRCH);
  EXPECT_EQ(read_file_if_exists(AT_FDCWD, again), std::nullopt);
}

TEST_F(File, ReadIfExistsTellsAbsenceFromFailure) {
  put("f", "text");
  EXPECT_EQ(read_file_if_exists(dir(), "f"), "text");
  EXPECT_EQ(read_file_if_exists(dir(), "absent"), std::nullopt);
  EXPECT_EQ(code_of([&] { read_file_if_exists(dir(), "f", 3); }), EFBIG);
  EXPECT_EQ(code_of([&] { read_file_if_exists(dir(), "f/below"); }), ENOTDIR);
}

TEST_F(File, WriteFileNeitherMakesNorTruncates) {
  EXPECT_EQ(code_of([&] { write_file(dir(), "absent", "x"); }), ENOENT);
  put("f", "12345");
  write_file(dir(), "f", "ab");
  EXPECT_EQ(read_file(dir(), "f"), "ab345");
}

TEST_F(File, WriteOnceIsOneWrite) {
  int fds[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
  const UniqueFd in(fds[0]);
  const UniqueFd out(fds[1]);
  write_once(in.get(), std::string(20000, 'x'), "socket");
  std::string received(40000, '\0');
  EXPECT_EQ(::recv(out.get(), received.data(), received.size(), 0), 20000);
  EXPECT_EQ(::recv(out.get(), received.data(), received.size(), MSG_DONTWAIT), -1);
}

TEST_F(File, WriteOnceCallsAShortWriteAnError) {
  int fds[2];
  ASSERT_EQ(::pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
  const UniqueFd out(fds[0]);
  const UniqueFd in(fds[1]);
  const std::string more_than_the_pipe_holds(size_t{1} << 21, 'x');
  EXPECT_EQ(code_of([&] { write_once(in.get(), more_than_the_pipe_holds, "pipe"); }), EIO);
}

TEST_F(File, ReplaceFileSwapsTheWholeContent) {
  put("state", "old and longer");
  replace_file(dir(), "state", "new", 0640);
  EXPECT_EQ(read_file(dir(), "state"), "new");
  EXPECT_EQ(list_dir(dir()), std::vector<std::string>{"state"});
}

TEST_F(File, ReplaceFileGivesTheModeWhateverTheUmask) {
  const mode_t before = ::umask(0077);
  replace_file(dir(), "state", "new", 0644);
  ::umask(before);
  EXPECT_EQ(mode_of("state"), 0644U);
}

TEST_F(File, ReplaceFileShowsReadersTheOldFileOrTheNew) {
  put("state", "old");
  const UniqueFd reader = open_file(dir(), "state", O_RDONLY);
  replace_file(dir(), "state", "new", 0600);
  EXPECT_EQ(read_fd(reader.get(), "state"), "old");
}

TEST_F(File, ANextFileIsTheFileFromItsCommitOn) {
  put("state", "old");
  {
    NextFile next(dir(), "state", "new", 0640, /*through_a_crash=*/false);
    EXPECT_EQ(read_file(dir(), "state"), "old");
    next.commit();
    EXPECT_EQ(read_file(dir(), "state"), "new");
    EXPECT_EQ(mode_of("state"), 0640U);
  }
  EXPECT_EQ(read_file(dir(), "state"), "new");
  EXPECT_EQ(list_dir(dir()), std::vector<std::string>{"state"});
}

TEST_F(File, ANextFileMayBeCommittedByAChild) {
  put("state", "old");
  const pid_t maker = ::getpid();
  {
    NextFile next(dir(), "state", "new", 0640, /*through_a_crash=*/false);
    const pid_t child = ::fork();
    if (child == 0) {
      NextFile::commit_for(maker, dir(), "state");
      ::_exit(0);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(read_file(dir(), "state"), "new");
    next.was_committed();
  }
  EXPECT_EQ(list_dir(dir()), std::vector<std::string>{"state"});
  EXPECT_EQ(code_of([&] { NextFile::commit_for(maker, dir(), "state"); }), ENOENT);
}

TEST_F(File, ANextFileThatIsNotCommittedGoes) {
  put("state", "old");
  { const NextFile next(dir(), "state", "new", 0640); }
  EXPECT_EQ(read_file(dir(), "state"), "old");
  EXPECT_EQ(list_dir(dir()), std::vector<std::string>{"state"});
}

TEST_F(File, ReplaceFileLeavesNothingBehindWhenItFails) {
  // rename(2) onto a directory that is not empty fails after the new content was written.
  ASSERT_TRUE(make_dir(dir(), "state", 0700));
  put("state/inner", "old");
  EXPECT_NE(code_of([&] { replace_file(dir(), "state", "new", 0600); }), -1);
  EXPECT_EQ(read_file(dir(), "state/inner"), "old");
  EXPECT_EQ(list_dir(dir()), std::vector<std::string>{"state"});
}

TEST_F(File, ReplaceFileKeepsTheOldContentWhenTheNewDoesNotFit) {
  put("state", "old");
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit tight{10, limit.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tight), 0);
  auto* const before = ::signal(SIGXFSZ, SIG_IGN);
  const int code = code_of([&] { replace_file(dir(), "state", std::string(100, 'n'), 0600); });
  ::signal(SIGXFSZ, before);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  EXPECT_EQ(code, EFBIG);
  EXPECT_EQ(read_file(dir(), "state"), "old");
  EXPECT_EQ(list_dir(dir()), std::vector<std::string>{"state"});
}

TEST_F(File, ReplaceFileTakesOverWhatACrashLeft) {
  // A process of the same pid died between its open and its rename.
  put(".state." + std::to_string(::getpid()), "half of someth");
  replace_file(dir(), "state", "new", 0600);
  EXPECT_EQ(read_file(dir(), "state"), "new");
  EXPECT_EQ(list_dir(dir()), std::vector<std::string>{"state"});
}

TEST_F(File, ListDirIsSortedAndRepeatable) {
  for (const char* name : {"b", "a", ".hidden", "c"}) put(name, "");
  const std::vector<std::string> expected = {".hidden", "a", "b", "c"};
  EXPECT_EQ(list_dir(dir()), expected);
  EXPECT_EQ(list_dir(dir()), expected);
  EXPECT_EQ(code_of([] { list_dir(-1); }), EBADF);
}

TEST_F(File, MakeDirSaysWhetherItMadeIt) {
  EXPECT_TRUE(make_dir(dir(), "d", 0700));
  EXPECT_FALSE(make_dir(dir(), "d", 0700));
  EXPECT_EQ(code_of([&] { make_dir(dir(), "absent/d", 0700); }), ENOENT);
}

}  // namespace
}  // namespace berth
