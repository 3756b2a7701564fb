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
  const Act group{
      .kind = Act::Kind::cgroup, .path = "pods/7", .made = {{"/sys/fs/cgroup/cpu", "pods"}}};
  const Act made{.kind = Act::Kind::directory, .path = "/a b\n\"c\""};
  const Act mounted{.kind = Act::Kind::mount, .path = "/a", .mount_before = 4711};
  const Act veth{.kind = Act::Kind::make_interface, .path = "v0", .index = 12};
  const Act moved{
      .kind = Act::Kind::move_interface, .path = "e0", .network_namespace = "/run/netns/a"};
  {
    ActLog log(dir.get());
    log.about_to(group);
    log.about_to(made);
    log.about_to(veth);
    log.about_to(moved);
  }
  ActLog(dir.get()).about_to(mounted);
  EXPECT_THAT(read_acts(dir.get()), ElementsAre(group, made, veth, moved, mounted));
}

TEST(Acts, ALineThatACrashCutShortIsNone) {
  const test::TemporaryFolder folder;
  const UniqueFd dir = open_dir(AT_FDCWD, folder.path());
  const Act made{.kind = Act::Kind::file, .path = "/a"};
  ActLog(dir.get()).about_to(made);
  std::ofstream(folder.path() + "/service", std::ios::app) << R"({"kind":"dir)";
  EXPECT_THAT(read_acts(dir.get()), ElementsAre(made));
}

}  // namespace
}  // namespace berth::runtime::service
