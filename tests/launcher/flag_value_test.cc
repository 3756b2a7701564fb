#include "launcher/flag_value.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/message_of.h"

namespace berth::launcher {
namespace {

using std::chrono::milliseconds;
using test::message_of;

TEST(FlagValue, Bytes) {
  for (const auto& [text, bytes] :
       std::vector<std::pair<const char*, int64_t>>{{"0", 0},
                                                    {"1048576", 1048576},
                                                    {"-1", -1},
                                                    {"7b", 7},
                                                    {"1k", 1024},
                                                    {"2K", 2048},
                                                    {"512m", 536870912},
                                                    {"1.5GB", 1610612736},
                                                    {"64KiB", 65536},
                                                    {"1t", int64_t{1} << 40}}) {
    EXPECT_EQ(parse_bytes("--memory", text), bytes) << text;
  }
  for (const char* bad : {"", "m", "-2", "1q", "1mm", "1 m", "0x10", "1e3", "1.2.3", "99999999p"}) {
    EXPECT_EQ(message_of([&] { parse_bytes("--memory", bad); }),
              "--memory: '" + std::string(bad) + "' is not a size such as 512m, 2g or 1048576");
  }
}

TEST(FlagValue, WholeNumbers) {
  EXPECT_EQ(parse_unsigned("--x", "18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(parse_signed("--x", "-1"), -1);
  for (const char* bad : {"", "-1", "1.5", "x", "1x", " 1", "18446744073709551616"}) {
    EXPECT_EQ(message_of([&] { parse_unsigned("--x", bad); }),
              "--x: '" + std::string(bad) + "' is not a whole number of that range");
  }
  EXPECT_THROW(parse_signed("--x", "9223372036854775808"), Error);
}

TEST(FlagValue, Durations) {
  EXPECT_EQ(parse_duration("--interval", "5s"), milliseconds(5000));
  EXPECT_EQ(parse_duration("--interval", "1m30s"), milliseconds(90000));
  EXPECT_EQ(parse_duration("--interval", "250ms"), milliseconds(250));
  EXPECT_EQ(parse_duration("--interval", "1.5h"), milliseconds(5400000));
  for (const char* bad : {"", "5", "s", "5x", "5s6", "-5s"}) {
    EXPECT_EQ(message_of([&] { parse_duration("--interval", bad); }),
              "--interval: '" + std::string(bad) + "' is not a duration such as 5s or 1m30s");
  }
  EXPECT_THROW(parse_duration("--interval", "0s"), Error);
}

}  // namespace
}  // namespace berth::launcher
