#include "runtime/rootfs/id_map.h"

#include <gtest/gtest.h>

namespace berth::runtime::rootfs {
namespace {

TEST(IdMap, KnowsWhatIsMapped) {
  const IdMap map("         0       1000          1\n         1     100000      65536\n");
  EXPECT_TRUE(map.contains(0));
  EXPECT_TRUE(map.contains(65536));
  EXPECT_FALSE(map.contains(65537));
}

TEST(IdMap, ReachesTheLastId) {
  const IdMap map("0 0 4294967295");
  EXPECT_TRUE(map.contains(4294967294));
  EXPECT_FALSE(map.contains(4294967295));
}

TEST(IdMap, NobodyIsMappedBeforeTheMapIsWritten) {
  EXPECT_FALSE(IdMap("").contains(0));
}

}  // namespace
}  // namespace berth::runtime::rootfs
