#include "tests/support/lacking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace berth::test {
namespace {

using ::testing::HasSubstr;

class Lacking : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::setenv("PATH", folder_.path().c_str(), 1), 0); }
  void TearDown() override { ::setenv("PATH", before_.c_str(), 1); }
  std::string make(const std::string& name, mode_t mode) const {
    const std::string path = folder_.path() + "/" + name;
    std::ofstream(path) << "#!/bin/sh\n";
    ::chmod(path.c_str(), mode);
    return path;
  }
  TemporaryFolder folder_{0755};
  const std::string before_ = std::getenv("PATH");
};

TEST_F(Lacking, NothingIsAnEmptyReason) {
  const std::string tool = make("tool", 0755);
  EXPECT_EQ(lacks_file(tool), "");
  EXPECT_EQ(lacks_program("tool"), "");
  EXPECT_EQ(lacks_built(tool, "no-compiler"), "");
}

TEST_F(Lacking, TheReasonIsTheKernelsOwn) {
  EXPECT_EQ(lacks_file("/absent/file"), "/absent/file: no such file or directory");
  EXPECT_EQ(lacks_program("tool"), "tool: no such file or directory");
  make("tool", 0644);
  EXPECT_EQ(lacks_program("tool"), "tool: permission denied");
  EXPECT_EQ(lacks_built("/absent/program", "cc"), "cc: no such file or directory");
}

TEST_F(Lacking, AProgramThatWasNotBuiltIsNoReasonWhereItsCompilerIs) {
  make("cc", 0755);
  EXPECT_THAT(message_of([] { (void)lacks_built("/absent/program", "cc"); }),
              HasSubstr("not built, though there is 'cc': /absent/program"));
}

}  // namespace
}  // namespace berth::test
