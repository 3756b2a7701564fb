#include "runtime/service/acts.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/file.h"
#include "tests/support/temporary_folder.h"

namespace berth::runtime::service {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Acts, AreReadAsTheyWereWritten) {
  const test::TemporaryFolder folder;
  const UniqueFd dir = open_dir(AT_FDCWD, folder.path());
  EXPECT_THAT(read_acts(dir.get()), IsEmpty());
  const Act group{Act::Kind::cgroup, "pods/7", 0, {{}, {{"/sys/fs/cgroup/cpu", "pods"}}}};
  const Act made{Act::Kind::directory, "/a b\n\"c\"", 0, {}};
  const Act mounted{Act::Kind::mount, "/a", 4711, {}};
  {
    ActLog log(dir.get());
    log.about_to(group);
    log.about_to(made);
  }
  ActLog(dir.get()).about_to(mounted);
  EXPECT_THAT(read_acts(dir.get()), ElementsAre(group, made, mounted));
}

TEST(Acts, ALineThatACrashCutShortIsNone) {
  const test::TemporaryFolder folder;
  const UniqueFd dir = open_dir(AT_FDCWD, folder.path());
  const Act made{Act::Kind::file, "/a", 0, {}};
  ActLog(dir.get()).about_to(made);
  std::ofstream(folder.path() + "/service", std::ios::app) << R"({"kind":"dir)";
  EXPECT_THAT(read_acts(dir.get()), ElementsAre(made));
}

}  // namespace
}  // namespace berth::runtime::service
