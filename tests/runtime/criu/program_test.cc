#include "runtime/criu/program.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace berth::runtime::criu {
namespace {

TEST(CriuVersion, IsANumberThatGrows) {
  EXPECT_EQ(parse_version("Version: 3.17.1\nGitID: v3.17.1\n"), 31701);
  EXPECT_EQ(parse_version("Version: 4.2\n"), 40200);
  EXPECT_EQ(parse_version("Version: 3.14"), 31400);
  EXPECT_EQ(parse_version("criu 3.17"), 0);
  EXPECT_EQ(parse_version("Version: none"), 0);
}

// A program in criu's place.
class CriuProgram : public ::testing::Test {
 protected:
  std::string program(const std::string& script) const {
    const std::string path = folder_.path() + "/criu";
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }
  std::string refusal(const std::string& name) const {
    return test::message_of([&] { (void)Program::find(name); });
  }
  test::TemporaryFolder folder_;
};

TEST_F(CriuProgram, MissingIsSaidWithTheVersionThatIsWanted) {
  const std::string path = folder_.path() + "/absent";
  EXPECT_EQ(refusal(path), "this takes the program criu, 3.14 or newer: run '" + path +
                               "': no such file or directory");
}

TEST_F(CriuProgram, TooOldIsSaidWithBothVersions) {
  const std::string path = program("echo Version: 3.13; echo GitID: x");
  EXPECT_EQ(refusal(path),
            "criu 3.14 or newer is wanted: '" + path + " --version' says 'Version: 3.13'");
}

TEST_F(CriuProgram, WhatItsCheckFindsIsSaid) {
  const std::string path = program(
      "[ $1 = --version ] && { echo Version: 3.17.1; exit 0; }\n"
      "echo 'Error (criu/vdso.c:381): vdso: Unexpected rt vDSO area bounds' >&2; exit 1");
  EXPECT_EQ(refusal(path),
            "criu cannot work on this kernel: criu check: Error (criu/vdso.c:381): vdso: "
            "Unexpected rt vDSO area bounds");
}

TEST_F(CriuProgram, ARunThatFailsIsToldByItsLog) {
  const std::string log = folder_.path() + "/dump.log";
  const std::string path = program(
      "case $1 in --version) echo Version: 3.17.1;; check) ;; dump)\n"
      "  echo '(00.1) Error (criu/x.c:1): no' >" +
      log + "; exit 1;; esac");
  const Program criu = Program::find(path);
  EXPECT_EQ(test::message_of([&] { criu.run({"dump"}, log); }),
            "criu dump: Error (criu/x.c:1): no (all of it in '" + log + "')");
  EXPECT_NO_THROW(criu.run({"pre-dump"}, log));
}

TEST_F(CriuProgram, WithoutALogItsEndIsTold) {
  EXPECT_EQ(failure("dump", 3 << 8, "/none/dump.log", ""), "criu dump: exit status 3");
  EXPECT_EQ(failure("dump", 9, "", ""), "criu dump: killed by signal 9");
}

}  // namespace
}  // namespace berth::runtime::criu
