// What a container's processes can reach of the program that starts them (CVE-2019-5736).
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>

#include "base/fd.h"
#include "tests/e2e/runtime_fixture.h"
#include "tests/support/lacking.h"

namespace berth::test {
namespace {

class SealedProgram : public RuntimeFixture {
 protected:
  // Its processes are the host's to see, and the other way about.
  void SetUp() override {
    RuntimeFixture::SetUp();
    if (IsSkipped()) return;
    script("exec sleep 300");
    configure([](nlohmann::json& config) {
      auto& namespaces = config["linux"]["namespaces"];
      std::erase_if(namespaces.get_ref<nlohmann::json::array_t&>(),
                    [](const auto& ns) { return ns["type"] == "pid"; });
    });
  }
  static std::string file_of(int pid, const std::string& name) {
    return "/proc/" + std::to_string(pid) + "/" + name;
  }
};

TEST_F(SealedProgram, ThatWaitsInAContainerCannotBeWritten) {
  const std::string c = id();
  ASSERT_EQ(berth({"create", "--bundle", bundle(), c}).status, 0);
  const int pid = state(c).at("pid");
  const UniqueFd program(::open(file_of(pid, "exe").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(program);
  EXPECT_EQ(read_file(AT_FDCWD, file_of(pid, "comm")), "berth\n");
  // Once it runs no more, what refuses is the mount.
  ASSERT_EQ(berth({"delete", "--force", c}).status, 0);
  const std::string again = "/proc/self/fd/" + std::to_string(program.get());
  const UniqueFd writable(::open(again.c_str(), O_WRONLY | O_CLOEXEC));
  EXPECT_FALSE(writable);
  // Busy: another test runs this program at the moment, which the kernel looks at first.
  EXPECT_TRUE(errno == EROFS || errno == ETXTBSY) << errno_text(errno);
  struct statvfs fs {};
  ASSERT_EQ(::fstatvfs(program.get(), &fs), 0);
  EXPECT_NE(fs.f_flag & ST_RDONLY, 0u);
}

TEST_F(SealedProgram, IsTheSameToItsCallerAndToTheContainer) {
  const std::string c = id();
  ASSERT_EQ(berth({"create", "--bundle", bundle(), c}).status, 0);
  const int pid = state(c).at("pid");
  const std::string words = read_file(AT_FDCWD, file_of(pid, "cmdline"));
  EXPECT_EQ(words.substr(0, words.find('\0')), kBerth);
  ASSERT_EQ(berth({"start", c}).status, 0);
  EXPECT_EQ(await(c, "running"), "running");
  EXPECT_EQ(read_file(AT_FDCWD, file_of(pid, "comm")), "sleep\n");
}

// Where no mount can be made: a copy in memory, as sealed.
TEST_F(SealedProgram, IsACopyWhereItCannotBeAMount) {
  const std::string c = id();
  ASSERT_EQ(berth({"create", "--bundle", bundle(), c}).status, 0);
  // It waits for the words of this pipe.
  const std::string pipe = folder_.path() + "/process.json";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const Running running({"setpriv", "--bounding-set", "-sys_admin", kBerth, "--root", root(),
                         "exec", "--process", pipe, c});
  const std::string link = file_of(running.pid(), "exe");
  std::error_code none;
  std::string program;
  for (int i = 0; i < 1000 && !program.starts_with("/memfd:"); ++i, ::usleep(10'000)) {
    program = std::filesystem::read_symlink(link, none).string();
    ASSERT_FALSE(none) << none.message();
  }
  EXPECT_EQ(program, "/memfd:berth (deleted)");
  const UniqueFd writable(::open(link.c_str(), O_WRONLY | O_CLOEXEC));
  EXPECT_FALSE(writable);
  EXPECT_TRUE(errno == EPERM || errno == ETXTBSY) << errno_text(errno);
}

// What is installed under the program's name.
const std::string kFront = BERTH_BINARY_DIR "/front_of_build/berth";

TEST_F(SealedProgram, BehindItsFrontItBeginsSealed) {
  if (const std::string why = lacks_file(kFront); !why.empty()) GTEST_SKIP() << why;
  const std::string c = id();
  ASSERT_EQ(run({kFront, "--root", root(), "create", "--bundle", bundle(), c}).status, 0);
  const int pid = state(c).at("pid");
  const std::string words = read_file(AT_FDCWD, file_of(pid, "cmdline"));
  EXPECT_EQ(words.substr(0, words.find('\0')), kFront);
  EXPECT_EQ(read_file(AT_FDCWD, file_of(pid, "comm")), "berth\n");
  const UniqueFd program(::open(file_of(pid, "exe").c_str(), O_RDONLY | O_CLOEXEC));
  struct statvfs fs {};
  ASSERT_EQ(::fstatvfs(program.get(), &fs), 0);
  EXPECT_NE(fs.f_flag & ST_RDONLY, 0u);
}

TEST_F(SealedProgram, BehindItsFrontItBeginsOnce) {
  if (const std::string why = lacks_file(kFront); !why.empty()) GTEST_SKIP() << why;
  script("exit 3");
  const std::string trace = folder_.path() + "/trace";
  const Ran ran = run({"strace", "-f", "-e", "trace=execve,execveat", "-o", trace, kFront, "--root",
                       root(), "run", "--bundle", bundle(), id()});
  EXPECT_EQ(ran.status, 3) << ran;
  const std::string calls = read_file(AT_FDCWD, trace);
  const auto count = [&](const std::string& call) {
    int found = 0;
    for (size_t at = 0; (at = calls.find(call, at)) != std::string::npos; ++at) ++found;
    return found;
  };
  EXPECT_EQ(count(" execve("), 2) << "the front and the container's program: " << calls;
  EXPECT_EQ(count(" execveat("), 1) << calls;
}

TEST_F(SealedProgram, BehindItsFrontItBeginsAlsoWhereNoMountCanBeMade) {
  if (const std::string why = lacks_file(kFront); !why.empty()) GTEST_SKIP() << why;
  const Ran version =
      run({"setpriv", "--bounding-set", "-sys_admin", kFront, "--version"}, {.more = {{"A", "b"}}});
  EXPECT_EQ(version.status, 0) << version;
  EXPECT_EQ(version.out, run({kBerth, "--version"}).out);
}

}  // namespace
}  // namespace berth::test
