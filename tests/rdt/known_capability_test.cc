#include "rdt/known_capability.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/support/resctrl_tree.h"

namespace berth::rdt {
namespace {

constexpr const char* kFile = "rdt-capability.json";

TEST(KnownCapability, IsWhatWasReadTheFirstTime) {
  const ResctrlTree tree({.shareable = 0x601, .min_bits = 2, .sparse = true});
  const Capability read = tree.resctrl().capability();
  EXPECT_EQ(known_capability(tree.resctrl(), tree.state_dir()), read);
  tree.write("info/L3/shareable_bits", "0\n");  // which no kernel does under a mount
  EXPECT_EQ(known_capability(tree.resctrl(), tree.state_dir()), read) << "it is not read again";
}

TEST(KnownCapability, DomainsComeAndGoWithTheirCpus) {
  const ResctrlTree tree;
  (void)known_capability(tree.resctrl(), tree.state_dir());
  tree.write("schemata", "    L3:0=7ff;1=7ff;5=7ff\n    MB:0=100;1=100;5=100\n");
  const Capability known = known_capability(tree.resctrl(), tree.state_dir());
  EXPECT_EQ(known.caches.l3->domains, (std::vector<unsigned>{0, 1, 5}));
  EXPECT_EQ(known.throttles.mb->domains, (std::vector<unsigned>{0, 1, 5}));
}

TEST(KnownCapability, OfAnotherMountIsReadAgain) {
  const ResctrlTree before, after({.full = 0xfffff, .shareable = 0});
  (void)known_capability(before.resctrl(), before.state_dir());
  replace_file(after.state_dir(), kFile, read_file(before.state_dir(), kFile), 0644);
  EXPECT_EQ(known_capability(after.resctrl(), after.state_dir()).caches.l3->full, WayMask(0xfffff));
  EXPECT_NE(read_file(after.state_dir(), kFile), read_file(before.state_dir(), kFile));
}

TEST(KnownCapability, ADamagedFileIsReadAgain) {
  const ResctrlTree tree;
  const Capability read = tree.resctrl().capability();
  for (const char* text : {"", "{", "{}", "[]", R"({"mount": 1})"}) {
    replace_file(tree.state_dir(), kFile, text, 0644);
    EXPECT_EQ(known_capability(tree.resctrl(), tree.state_dir()), read) << text;
  }
}

}  // namespace
}  // namespace berth::rdt
