#include "runtime/rootfs/mount_options.h"

#include <gmock/gmock.h>
#include <sys/mount.h>

#include "base/error.h"

namespace berth::runtime::rootfs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::ValuesIn;
using Words = std::vector<std::string>;

struct AttributeCase {
  Words options;
  uint64_t set, clear;
};
class Attribute : public ::testing::TestWithParam<AttributeCase> {};

TEST_P(Attribute, SwitchesTheMount) {
  const MountOptions options = parse_options(GetParam().options);
  EXPECT_EQ(options.attributes.set, GetParam().set);
  EXPECT_EQ(options.attributes.clear, GetParam().clear);
  EXPECT_TRUE(options.recursive_attributes.empty());
  EXPECT_TRUE(options.data.empty());
}

TEST_P(Attribute, WithAnRSwitchesTheMountsBelowToo) {
  Words recursive = GetParam().options;
  for (std::string& word : recursive) word.insert(0, "r");
  const MountOptions options = parse_options(recursive);
  EXPECT_EQ(options.recursive_attributes.set, GetParam().set);
  EXPECT_EQ(options.recursive_attributes.clear, GetParam().clear);
  EXPECT_TRUE(options.attributes.empty());
}

const AttributeCase kAttributes[] = {
    {{"ro"}, MOUNT_ATTR_RDONLY, 0},
    {{"rw"}, 0, MOUNT_ATTR_RDONLY},
    {{"nosuid"}, MOUNT_ATTR_NOSUID, 0},
    {{"suid"}, 0, MOUNT_ATTR_NOSUID},
    {{"nodev"}, MOUNT_ATTR_NODEV, 0},
    {{"dev"}, 0, MOUNT_ATTR_NODEV},
    {{"noexec"}, MOUNT_ATTR_NOEXEC, 0},
    {{"exec"}, 0, MOUNT_ATTR_NOEXEC},
    {{"nosymfollow"}, MOUNT_ATTR_NOSYMFOLLOW, 0},
    {{"nodiratime"}, MOUNT_ATTR_NODIRATIME, 0},
    {{"diratime"}, 0, MOUNT_ATTR_NODIRATIME},
    {{"noatime"}, MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME},
    {{"atime"}, 0, MOUNT_ATTR__ATIME},
    {{"relatime"}, 0, MOUNT_ATTR__ATIME},
    {{"norelatime"}, 0, MOUNT_ATTR__ATIME},
    {{"strictatime"}, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {{"nostrictatime"}, 0, MOUNT_ATTR__ATIME},
    {{"ro", "rw"}, 0, MOUNT_ATTR_RDONLY},
    {{"rw", "ro"}, MOUNT_ATTR_RDONLY, 0},
    {{"noatime", "strictatime"}, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME},
    {{"strictatime", "relatime"}, 0, MOUNT_ATTR__ATIME},
    {{"nosuid", "noexec", "nodev", "ro"},
     MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY,
     0},
};
INSTANTIATE_TEST_SUITE_P(Options, Attribute, ValuesIn(kAttributes));

struct PropagationCase {
  const char* word;
  Propagation expected;
};
class PropagationOption : public ::testing::TestWithParam<PropagationCase> {};
TEST_P(PropagationOption, IsRecognized) {
  EXPECT_THAT(parse_options({GetParam().word}).propagation, ElementsAre(GetParam().expected));
}
const PropagationCase kPropagations[] = {
    {"private", {MS_PRIVATE, false}},       {"rprivate", {MS_PRIVATE, true}},
    {"shared", {MS_SHARED, false}},         {"rshared", {MS_SHARED, true}},
    {"slave", {MS_SLAVE, false}},           {"rslave", {MS_SLAVE, true}},
    {"unbindable", {MS_UNBINDABLE, false}}, {"runbindable", {MS_UNBINDABLE, true}},
};
INSTANTIATE_TEST_SUITE_P(Options, PropagationOption, ValuesIn(kPropagations));

TEST(Options, Switches) {
  EXPECT_TRUE(parse_options({"bind"}).bind);
  EXPECT_FALSE(parse_options({"bind"}).recursive_bind);
  EXPECT_TRUE(parse_options({"rbind"}).recursive_bind);
  EXPECT_TRUE(parse_options({"rbind", "rprivate", "bind"}).recursive_bind);
  EXPECT_TRUE(parse_options({"remount"}).remount);
  EXPECT_TRUE(parse_options({"tmpcopyup"}).copy_up);
  EXPECT_EQ(parse_options({"defaults", "loud", "nofail", "x-gvfs-show", ""}), MountOptions());
}

TEST(Options, TheRestIsTheFileSystems) {
  EXPECT_THAT(parse_options({"size=64m", "ro", "newinstance", "lowerdir=/a:/b", "context=a=b",
                             "sync", "lazytime"})
                  .data,
              ElementsAre(Pair("size", "64m"), Pair("newinstance", ""), Pair("lowerdir", "/a:/b"),
                          Pair("context", "a=b"), Pair("sync", ""), Pair("lazytime", "")));
}

TEST(Options, TheLastWordOnASwitchHolds) {
  EXPECT_THAT(parse_options({"sync", "mand", "lazytime", "async", "nomand", "nolazytime"}).data,
              IsEmpty());
  EXPECT_THAT(parse_options({"async", "sync", "rnomand", "rmand"}).data,
              ElementsAre(Pair("sync", ""), Pair("mand", "")));
}

TEST(Options, IdMaps) {
  EXPECT_EQ(parse_options({"idmap"}).id_map, IdMapOption());
  EXPECT_EQ(parse_options({"idmap="}).id_map, IdMapOption());
  EXPECT_EQ(parse_options({"ridmap"}).id_map, IdMapOption{.recursive = true});
  EXPECT_EQ(parse_options({"ridmap=uids=0-1-10#20-30-1;gids=@5-6-7"}).id_map,
            (IdMapOption{.recursive = true,
                         .uids = {{.mapping = {0, 1, 10}}, {.mapping = {20, 30, 1}}},
                         .gids = {{.mapping = {5, 6, 7}, .of_container = true}}}));
}

}  // namespace
}  // namespace berth::runtime::rootfs
