#include "runtime/criu/rpc.h"

#include <gtest/gtest.h>

namespace berth::runtime::criu {
namespace {

using namespace std::string_literals;

TEST(CriuRpc, OfADump) {
  EXPECT_EQ(encode({.pid = 300, .log_file = "d", .config_file = "/c"}),
            "\x08\x01\x12\x12"
            "\x08\x00\x10\xac\x02\x48\x04\x52\x01"
            "d\x90\x03\x01\x9a\x03\x02/c"s);
}

TEST(CriuRpc, OfARestore) {
  EXPECT_EQ(encode({.restore = true, .log_file = "r", .config_file = "/c"}),
            "\x08\x02\x12\x14"
            "\x08\x00\x48\x04\x52\x01r\x60\x01\xd0\x01\x01\x90\x03\x01\x9a\x03\x02/c"s);
}

TEST(CriuRpc, AcknowledgementsAreOfANotice) {
  EXPECT_EQ(acknowledgement(true), "\x08\x06\x18\x01");
  EXPECT_EQ(acknowledgement(false), "\x08\x06\x18\x00"s);
}

TEST(CriuRpc, ANoticeHasAPid) {
  const Answer answer = decode("\x08\x06\x10\x01\x2a\x11\x0a\x0cpost-restore\x10\x96\x02");
  EXPECT_EQ(answer.notice, "post-restore");
  EXPECT_EQ(answer.pid, 278);
}

TEST(CriuRpc, TheLastWord) {
  EXPECT_TRUE(decode("\x08\x02\x10\x01\x22\x03\x08\x96\x02").success);
  const Answer failed = decode("\x08\x02\x10\x00\x38\x02"s);
  EXPECT_FALSE(failed.success);
  EXPECT_EQ(failed.notice, "");
}

TEST(CriuRpc, WhatIsNoAnswerIsNoSuccess) {
  for (const std::string& bytes :
       {""s, "\x10"s, "\x10\xff"s, "\x10\x01\x2a\x7f"s, "\x10\x01\x0d"s, std::string(40, '\xff')}) {
    EXPECT_FALSE(decode(bytes).success);
  }
}

}  // namespace
}  // namespace berth::runtime::criu
