#include "launcher/rdt_request.h"

#include <gtest/gtest.h>

#include "tests/support/message_of.h"

namespace berth::launcher {
namespace {

using test::message_of;

RdtOptions options(void (*set)(RdtOptions&)) {
  RdtOptions options;
  set(options);
  return options;
}

TEST(RdtRequest, NothingIsAskedForWithoutOptions) {
  const RdtRequest request = parse_rdt_options({});
  EXPECT_EQ(request, RdtRequest{});
  EXPECT_TRUE(request.empty());
  EXPECT_FALSE(request.asks_l3());
  EXPECT_EQ(request.text(), "");
}

struct Good {
  const char* text;  // as text() has it
  void (*set)(RdtOptions&);
};

class GoodOptions : public ::testing::TestWithParam<Good> {};

TEST_P(GoodOptions, AreWrittenAsTheyWereTyped) {
  const RdtRequest request = parse_rdt_options(options(GetParam().set));
  EXPECT_EQ(request.text(), GetParam().text);
  EXPECT_FALSE(request.empty());
}

INSTANTIATE_TEST_SUITE_P(Table, GoodOptions,
                         ::testing::Values(Good{"--l3=50%", [](RdtOptions& o) { o.l3 = "50%"; }},
                                           Good{"--l3=auto --l3-share",
                                                [](RdtOptions& o) {
                                                  o.l3 = "auto";
                                                  o.l3_share = true;
                                                }},
                                           Good{"--l3=4w",
                                                [](RdtOptions& o) {
                                                  o.l3 = "4w";
                                                  o.l3_exclusive = true;
                                                }},
                                           Good{"--l3-code=2w --l3-data=8MiB",
                                                [](RdtOptions& o) {
                                                  o.l3_code = "2w";
                                                  o.l3_data = "8192KiB";
                                                }},
                                           Good{"--l2=25% --mbw=8GBps",
                                                [](RdtOptions& o) {
                                                  o.l2 = "25%";
                                                  o.mbw = "8000MBps";
                                                }},
                                           Good{"--rdt-class=gold",
                                                [](RdtOptions& o) { o.rdt_class = "gold"; }}));

TEST(RdtRequest, EveryOptionEndsWhereItBelongs) {
  const RdtRequest request = parse_rdt_options(options([](RdtOptions& o) {
    o.l3_code = "2w";
    o.l3_data = "50%";
    o.l2 = "1MiB";
    o.mbw = "30%";
    o.l3_share = true;
  }));
  using Unit = rdt::Amount::Unit;
  EXPECT_EQ(request.l3, std::nullopt);
  EXPECT_EQ(request.l3_code, (rdt::Amount{Unit::ways, 2}));
  EXPECT_EQ(request.l3_data, (rdt::Amount{Unit::percent, 50}));
  EXPECT_EQ(request.l2, (rdt::Amount{Unit::bytes, 1 << 20}));
  EXPECT_EQ(request.mbw, (rdt::Bandwidth{rdt::Bandwidth::Unit::percent, 30}));
  EXPECT_TRUE(request.shared);
  EXPECT_TRUE(request.asks_l3());
}

struct Bad {
  const char* message;
  void (*set)(RdtOptions&);
};

class BadOptions : public ::testing::TestWithParam<Bad> {};

TEST_P(BadOptions, HaveOneLine) {
  EXPECT_EQ(message_of([] { (void)parse_rdt_options(options(GetParam().set)); }),
            GetParam().message);
}

constexpr const char* kAutoForCode =
    "--l3-code: 'auto' is for code and data together; allowed are ways ('4w'), a share ('1%' to "
    "'100%') or a size ('8MiB')";
constexpr const char* kAutoForData =
    "--l3-data: 'auto' is for code and data together; allowed are ways ('4w'), a share ('1%' to "
    "'100%') or a size ('8MiB')";
#define CACHE_AMOUNTS                                                            \
  "allowed are ways ('4w'), a share ('1%' to '100%'), a size ('8MiB'; B, kB, MB" \
  ", GB, KiB, MiB, GiB) or 'auto'"

INSTANTIATE_TEST_SUITE_P(
    Table, BadOptions,
    ::testing::Values(
        Bad{"--l3: '8' is not an amount of cache: it has no unit; " CACHE_AMOUNTS,
            [](RdtOptions& o) { o.l3 = "8"; }},
        Bad{"--l3: '' is not an amount of cache: it is empty; " CACHE_AMOUNTS,
            [](RdtOptions& o) { o.l3 = ""; }},
        Bad{"--l3-code: '0w' is not an amount of cache: it is nothing; " CACHE_AMOUNTS,
            [](RdtOptions& o) { o.l3_code = "0w"; }},
        Bad{"--l3-data: '101%' is not an amount of cache: it is more than the "
            "whole; " CACHE_AMOUNTS,
            [](RdtOptions& o) { o.l3_data = "101%"; }},
        Bad{"--l2: '2x' is not an amount of cache: 'x' is no unit; " CACHE_AMOUNTS,
            [](RdtOptions& o) { o.l2 = "2x"; }},
        Bad{"--mbw: '4w' is not a memory bandwidth: 'w' is no unit; allowed are a share ('1%' to "
            "'100%') or a rate ('8GBps'; MBps, GBps, MiBps, GiBps)",
            [](RdtOptions& o) { o.mbw = "4w"; }},
        Bad{"--l3 is for code and data alike: give it, or --l3-code and --l3-data",
            [](RdtOptions& o) { o.l3 = o.l3_code = o.l3_data = "2w"; }},
        Bad{"--l3 is for code and data alike: give it, or --l3-code and --l3-data",
            [](RdtOptions& o) { o.l3 = o.l3_data = "2w"; }},
        Bad{"--l3-code and --l3-data go together", [](RdtOptions& o) { o.l3_code = "2w"; }},
        Bad{"--l3-code and --l3-data go together", [](RdtOptions& o) { o.l3_data = "2w"; }},
        Bad{kAutoForCode, [](RdtOptions& o) { o.l3_code = o.l3_data = "auto"; }},
        Bad{kAutoForData,
            [](RdtOptions& o) {
              o.l3_code = "2w";
              o.l3_data = "auto";
            }},
        Bad{"--l3-share and --l3-exclusive exclude each other",
            [](RdtOptions& o) {
              o.l3 = "2w";
              o.l3_share = o.l3_exclusive = true;
            }},
        Bad{"--l3-share needs --l3", [](RdtOptions& o) { o.l3_share = true; }},
        Bad{"--l3-exclusive needs --l3",
            [](RdtOptions& o) {
              o.mbw = "50%";
              o.l3_exclusive = true;
            }},
        Bad{"--rdt-class says it all: --l3, --l2 and --mbw do not go with it",
            [](RdtOptions& o) {
              o.rdt_class = "gold";
              o.l3 = "2w";
            }},
        Bad{"--rdt-class says it all: --l3, --l2 and --mbw do not go with it",
            [](RdtOptions& o) {
              o.rdt_class = "gold";
              o.l2 = "2w";
            }},
        Bad{"--rdt-class says it all: --l3, --l2 and --mbw do not go with it",
            [](RdtOptions& o) {
              o.rdt_class = "gold";
              o.mbw = "10%";
            }},
        Bad{"--l3-share needs --l3",
            [](RdtOptions& o) {
              o.rdt_class = "gold";
              o.l3_share = true;
            }},
        Bad{"--rdt-class: '' is not a name; allowed are the classes of the policy",
            [](RdtOptions& o) { o.rdt_class = ""; }},
        Bad{"--rdt-class: 'a\\x0ab' is not a name; allowed are the classes of the policy",
            [](RdtOptions& o) { o.rdt_class = "a\nb"; }}));

}  // namespace
}  // namespace berth::launcher
