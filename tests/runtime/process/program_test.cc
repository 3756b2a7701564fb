#include "runtime/process/program.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "runtime/process/oom_score.h"
#include "runtime/process/working_directory.h"
#include "tests/runtime/process/in_child.h"

namespace berth::runtime::process {
namespace {

using ::testing::HasSubstr;

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() {
    char name[] = "/tmp/berth-program-XXXXXX";
    root_ = ::mkdtemp(name);
    ::chmod(name, 0755);
    std::filesystem::create_directories(root_ + "/bin/tool.d");
    std::filesystem::create_directories(root_ + "/sbin");
    put("bin/plain", 0644, "#!/bin/sh\n");
    put("sbin/tool", 0755, "#!/bin/sh\nexit 0\n");
    put("bin/lost", 0755, "#!/no/such/interpreter\n");
    put("bin/text", 0755, "hello\n");
  }
  ~ProgramTest() override { std::filesystem::remove_all(root_); }

  void put(const std::string& name, mode_t mode, std::string_view content) {
    const UniqueFd fd = open_file(AT_FDCWD, root_ + "/" + name, O_WRONLY | O_CREAT, mode);
    write_all(fd.get(), content, name);
  }
  std::string path() const { return "PATH=" + root_ + "/bin:" + root_ + "/sbin"; }
  // errno and text of what finding or executing throws.
  std::string run(const std::string& name) {
    return test::in_child([&] {
      spec::Process process;
      process.args = {name};
      process.env = {path()};
      Program program(process);
      try {
        program.find();
        program.execute();
      } catch (const Error& e) {
        return std::to_string(e.code()) + " " + e.what();
      }
    });
  }

  std::string root_;
};

TEST_F(ProgramTest, IsFoundInTheContainersPath) {
  EXPECT_EQ(find_program("tool", {"A=1", path()}), root_ + "/sbin/tool");
  EXPECT_EQ(find_program("sh", {}), "/usr/bin/sh");
  EXPECT_EQ(find_program(root_ + "/sbin/tool", {}), root_ + "/sbin/tool");
}

TEST_F(ProgramTest, TellsNotThereFromNotExecutable) {
  EXPECT_THAT(run("nowhere"), HasSubstr(std::to_string(ENOENT) + " find program 'nowhere'"));
  EXPECT_THAT(run("nowhere"), HasSubstr("(executable file not found in $PATH, which is '" + root_));
  EXPECT_THAT(run(root_ + "/bin/plain/x"), HasSubstr(std::to_string(ENOENT) + " find program"));
  EXPECT_THAT(run("plain"),
              HasSubstr(std::to_string(EACCES) + " execute '" + root_ + "/bin/plain'"));
  EXPECT_THAT(run(root_ + "/bin"), HasSubstr(std::to_string(EACCES) + " execute"));
  EXPECT_THAT(run(root_ + "/bin"), HasSubstr("(it is a directory)"));
  EXPECT_THAT(run("text"), HasSubstr(std::to_string(ENOEXEC) + " execute"));
  EXPECT_THAT(run("lost"), HasSubstr("its interpreter or loader is not in the container"));
}

TEST_F(ProgramTest, RunsWithItsArgumentsAndEnvironmentAlone) {
  EXPECT_EQ(test::in_child([&]() -> std::string {
              spec::Process process;
              process.args = {"sh", "-c", "test \"$0 $1 $A$OUTSIDE\" = 'a b 1' && echo $LISTEN_PID",
                              "a", "b"};
              process.env = {"A=1", "PATH=/bin", "LISTEN_PID=17"};
              int ends[2];
              check(::pipe(ends), "pipe");
              if (::fork() == 0) {
                ::dup2(ends[1], 1);
                ::close(ends[0]);
                ::setenv("OUTSIDE", "seen", 1);
                Program program(process);
                program.move_listen_pid(17, 4711);
                program.find();
                program.execute();
              }
              ::close(ends[1]);
              return read_fd(ends[0], "pipe");
            }),
            "4711\n");
}

TEST_F(ProgramTest, NeedsArguments) {
  EXPECT_THROW(Program(spec::Process{}), Error);
}

TEST_F(ProgramTest, WorkingDirectoryFallsBackUnlessItIsRequired) {
  const auto enter = [&](const std::string& preferred, bool required) {
    return test::in_child([&] {
      enter_working_directory(preferred, required, root_);
      return std::filesystem::current_path().string();
    });
  };
  EXPECT_EQ(enter("", false), root_);
  EXPECT_EQ(enter(root_ + "/bin", true), root_ + "/bin");
  EXPECT_EQ(enter("/no/such/place", false), root_);
  EXPECT_EQ(enter("/no/such/place", true),
            "error: chdir to working directory '/no/such/place': no such file or directory");
}

TEST_F(ProgramTest, WorkingDirectoryOutsideOfTheRootIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  EXPECT_EQ(test::in_child([&] {
              const UniqueFd leaked = open_dir(AT_FDCWD, "/");
              check(::chroot(root_.c_str()), "chroot");
              check(::fchdir(leaked.get()), "fchdir");
              enter_working_directory("", false, ".");
              return std::string("entered");
            }),
            "error: refuse working directory '.': it is outside of the container");
}

TEST(OomScore, IsSetBeforeTheUserChanges) {
  spec::Process process;
  process.oom_score_adj = 321;
  EXPECT_EQ(test::in_child([&] {
              set_oom_score(process);
              return read_file(AT_FDCWD, "/proc/self/oom_score_adj");
            }),
            "321\n");
  process.oom_score_adj = 5000;
  EXPECT_EQ(test::in_child([&] {
              set_oom_score(process);
              return std::string("set");
            }),
            "error: set process.oomScoreAdj to '5000': invalid argument");
}

}  // namespace
}  // namespace berth::runtime::process
