#include "runtime/process/signal_name.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "tests/support/message_of.h"

namespace berth::runtime::process {
namespace {

TEST(SignalName, EveryWayToSayIt) {
  EXPECT_EQ(parse_signal("TERM"), SIGTERM);
  EXPECT_EQ(parse_signal("SIGTERM"), SIGTERM);
  EXPECT_EQ(parse_signal("sigusr1"), SIGUSR1);
  EXPECT_EQ(parse_signal("15"), 15);
  EXPECT_EQ(parse_signal("0"), 0);
  EXPECT_EQ(parse_signal("CLD"), SIGCHLD);
  EXPECT_EQ(parse_signal("RTMIN"), SIGRTMIN);
  EXPECT_EQ(parse_signal("SIGRTMIN+3"), SIGRTMIN + 3);
  EXPECT_EQ(parse_signal("RTMAX-1"), SIGRTMAX - 1);
}

TEST(SignalName, WhatIsNone) {
  for (const char* text :
       {"", "SIG", "TERMS", "-1", "65", "9x", "RTMIN+", "RTMIN-1", "RTMIN+99", "RTMAX+1", "1 "}) {
    EXPECT_THAT(test::message_of([&] { (void)parse_signal(text); }),
                testing::StartsWith("unknown signal '" + std::string(text) + "'"))
        << text;
  }
}

TEST(SignalText, HasTheNumberAndWhatItMeans) {
  EXPECT_EQ(signal_text(SIGSYS), "31 (bad system call)");
  EXPECT_EQ(signal_text(40), "40");
}

}  // namespace
}  // namespace berth::runtime::process
