#include "rdt/schemata.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "base/error.h"

namespace berth::rdt {
namespace {

const Schemata kSkylake{{{"L3", {{0, 0x7ff}, {1, 0xf}}}, {"MB", {{0, 40}, {1, 100}}}}};

TEST(Schemata, ReadsThePaddedFormatUpToKernel612) {
  EXPECT_EQ(parse_schemata("    MB:0= 40;1=100\n    L3:0=7ff;1=00f\n"), kSkylake);
}

TEST(Schemata, ReadsTheUnpaddedFormatFromKernel618) {
  EXPECT_EQ(parse_schemata("L3:0=7ff;1=f\nMB:0=40;1=100\n"), kSkylake);
}

TEST(Schemata, TellsMasksFromDecimalsByTheResource) {
  const Schemata s = parse_schemata("SMBA:0=2048\nL3DATA:0=10\nL3CODE:0=ff\nL2:4=10;12=1\n");
  EXPECT_EQ(s.resources.at("SMBA").at(0), 2048U);
  EXPECT_EQ(s.resources.at("L3DATA").at(0), 0x10U);
  EXPECT_EQ(s.resources.at("L3CODE").at(0), 0xffU);
  EXPECT_EQ(s.resources.at("L2"), (DomainValues{{4, 0x10}, {12, 1}}));
  EXPECT_TRUE(is_cache_resource("L3"));
  EXPECT_FALSE(is_cache_resource("MB"));
  EXPECT_FALSE(is_cache_resource("L3X"));
}

TEST(Schemata, ToleratesAGroupBeingSetUpForPseudoLocking) {
  EXPECT_TRUE(parse_schemata("L3:uninitialized\n").resources.at("L3").empty());
}

TEST(Schemata, NamesTheLineItCannotRead) {
  for (const char* bad : {"L3", ":0=f", "L3:0", "L3:x=f", "L3:0=fg", "L3:0=", "MB:0=f", "MB:0=-1",
                          "L3:0=f;0=f", "L3:0=f;;1=f", "L3:0=fffffffffffffffff"}) {
    try {
      parse_schemata(std::string("MB:0=100\n") + bad + "\n");
      FAIL() << "accepted '" << bad << "'";
    } catch (const Error& e) {
      EXPECT_TRUE(e.message().starts_with(std::string("read schemata line '") + bad + "': "))
          << e.message();
    }
  }
}

TEST(Schemata, KeepsDomainsInOrderAndEachOnce) {
  DomainValues values{{12, 1}, {4, 2}, {4, 3}};
  EXPECT_FALSE(values.insert(12, 5));
  EXPECT_TRUE(values.insert(8, 6));
  values[1] = 7;
  EXPECT_EQ(values, (DomainValues{{1, 7}, {4, 3}, {8, 6}, {12, 1}}));
  EXPECT_EQ(values.at(8), 6U);
  EXPECT_EQ(values.find(9), values.end());
  EXPECT_THROW(static_cast<void>(values.at(13)), std::out_of_range);
}

TEST(Schemata, IsWrittenAsOneTransaction) {
  EXPECT_EQ(format_schemata(kSkylake), "L3:0=7ff;1=f\nMB:0=40;1=100\n");
  EXPECT_EQ(parse_schemata(format_schemata(kSkylake)), kSkylake);
  EXPECT_EQ(format_schemata(Schemata{{{"L3", {}}}}), "");
}

TEST(Schemata, ContainsLooksAtTheNamedDomainsOnly) {
  EXPECT_TRUE(contains(kSkylake, Schemata{{{"L3", {{1, 0xf}}}}}));
  EXPECT_TRUE(contains(kSkylake, Schemata{}));
  EXPECT_FALSE(contains(kSkylake, Schemata{{{"L3", {{1, 0x1f}}}}}));
  EXPECT_FALSE(contains(kSkylake, Schemata{{{"L3", {{2, 0xf}}}}}));
  EXPECT_FALSE(contains(kSkylake, Schemata{{{"L2", {{0, 0xf}}}}}));
}

}  // namespace
}  // namespace berth::rdt
