#include "runtime/criu/worker.h"

#include <gmock/gmock.h>

#include <unistd.h>

#include <array>
#include <thread>

#include "base/error.h"

namespace berth::runtime::criu {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(CriuWorker, WordsAreLinesOfAFile) {
  EXPECT_EQ(config_text({"restore", "--config", "/c", "--images-dir", "/i", "--work-dir", "/w",
                         "--log-file", "l", "-v4", "--manage-cgroups=soft", "--empty-ns", "net",
                         "--restore-detached", "--restore-sibling", "--evasive-devices",
                         "--external", "mnt[/a b]:/a \"b\""},
                        5),
            "images-dir /proc/self/fd/5\nwork-dir /w\nmanage-cgroups soft\nempty-ns "
            "net\nevasive-devices\n"
            "external \"mnt[/a b]:/a \\\"b\\\"\"\n");
}

// A worker's part, played.
class CriuWorkerTalk : public ::testing::Test {
 protected:
  Order order_{{"restore", "--no-default-config", "--images-dir", "/", "--log-file", "l"}};
  SocketPair pair_ = socket_pair();
};

TEST_F(CriuWorkerTalk, IsTheSocketsNumberAndWhatSwrkIsTold) {
  EXPECT_THAT(order_.words("criu", 7), ElementsAre("criu", "swrk", "7", "--no-default-config"));
  EXPECT_THAT(order_.request(), HasSubstr("/proc/" + std::to_string(::getpid()) + "/fd/"));
}

TEST_F(CriuWorkerTalk, AnswersNoticesUntilTheLastWord) {
  const UniqueFd terminal = sealed_memfd("terminal", "master");
  std::thread worker([&] {
    EXPECT_EQ(receive_message(pair_.second.get()).bytes, order_.request());
    send_message(pair_.second.get(), "\x08\x06\x2a\x13\x0a\x11orphan-pts-master",
                 std::array{terminal.get()});
    EXPECT_EQ(receive_message(pair_.second.get()).bytes, acknowledgement(true));
    send_message(pair_.second.get(), "\x08\x06\x2a\x10\x0a\x0cpost-restore\x10\x09");
    EXPECT_EQ(receive_message(pair_.second.get()).bytes, acknowledgement(true));
    send_message(pair_.second.get(), "\x08\x02\x10\x01");
  });
  pid_t restored = 0;
  std::string told;
  EXPECT_TRUE(converse(pair_.first.get(), order_,
                       {.restored = [&](pid_t pid) { restored = pid; },
                        .terminal = [&](const UniqueFd& fd) { told = read_sealed(fd.get(), 9); }}));
  worker.join();
  EXPECT_EQ(restored, 9);
  EXPECT_EQ(told, "master");
}

TEST_F(CriuWorkerTalk, WhatFailsHereEndsItThere) {
  std::thread worker([&] {
    (void)receive_message(pair_.second.get());
    send_message(pair_.second.get(), "\x08\x06\x2a\x10\x0a\x0cpost-restore\x10\x09");
    EXPECT_EQ(receive_message(pair_.second.get()).bytes, acknowledgement(false));
  });
  EXPECT_THROW(
      (void)converse(pair_.first.get(), order_, {.restored = [](pid_t) { throw Error("no"); }}),
      Error);
  worker.join();
}

TEST_F(CriuWorkerTalk, AnEndWithoutAWordIsAFailure) {
  std::thread worker([&] {
    (void)receive_message(pair_.second.get());
    pair_.second.reset();
  });
  EXPECT_FALSE(converse(pair_.first.get(), order_, {}));
  worker.join();
}

}  // namespace
}  // namespace berth::runtime::criu
