#include "runtime/rootfs/normal_path.h"

#include <gtest/gtest.h>

namespace berth::runtime::rootfs {
namespace {

TEST(NormalPath, IsTheSameWhereItIsNormal) {
  for (const char* path : {"/", "/a", "/a/b.c", "/...", "/.a/b..", "/a b"}) {
    EXPECT_TRUE(is_normal(path)) << path;
    EXPECT_EQ(normal_path(path), path);
  }
}

TEST(NormalPath, HasNoDotsEmptyPartsOrSlashesAtItsEnd) {
  const std::pair<const char*, const char*> paths[] = {{"/a/", "/a"},
                                                       {"/a/b//", "/a/b"},
                                                       {"//a", "/a"},
                                                       {"/a//b", "/a/b"},
                                                       {"/./a", "/a"},
                                                       {"/a/.", "/a"},
                                                       {"/a/../b", "/b"},
                                                       {"/..", "/"},
                                                       {"/../..", "/"},
                                                       {"/a/..", "/"},
                                                       {"/a/b/../../..", "/"},
                                                       {"a/b", "/a/b"},
                                                       {"../a/b", "/a/b"},
                                                       {"", "/"},
                                                       {".", "/"}};
  for (const auto& [path, normal] : paths) {
    EXPECT_FALSE(is_normal(path)) << path;
    EXPECT_EQ(normal_path(path), normal) << path;
  }
}

}  // namespace
}  // namespace berth::runtime::rootfs
