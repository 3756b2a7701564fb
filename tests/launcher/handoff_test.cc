#include "launcher/handoff.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/message_of.h"

namespace berth::launcher {
namespace {

Handoff example() {
  Handoff handoff;
  handoff.container_id = "job_1.0.3";
  handoff.bundle = "/srv/b\xff";  // paths are bytes, not UTF-8
  handoff.command = {"./app", "", "a b", "\xfe"};
  handoff.exported = {"A", "B"};
  handoff.chdir = "/work";
  handoff.inside_uid = 7;
  handoff.inside_gid = 8;
  handoff.batch_script = "/spool/script";
  handoff.binds = {{"/a", "/b", false, true}};
  handoff.host_namespaces = {"pid"};
  handoff.task_memory = 1 << 20;
  handoff.task_pids = 3;
  return handoff;
}

TEST(Handoff, ArrivesAsItWasSent) {
  const SocketPair sockets = socket_pair();
  Handoff sent = example();
  int pipe_fds[2];
  ASSERT_EQ(::pipe2(pipe_fds, O_CLOEXEC), 0);
  const UniqueFd read_end(pipe_fds[0]);
  sent.limits.push_back({UniqueFd(pipe_fds[1]), "max", "pids.max"});
  sent.user_namespace = open_file(AT_FDCWD, "/proc/self/ns/user", O_RDONLY);
  send_handoff(sockets.first.get(), sent);

  Handoff got = receive_handoff(sockets.second.get());
  EXPECT_EQ(got.container_id, sent.container_id);
  EXPECT_EQ(got.bundle, sent.bundle);
  EXPECT_EQ(got.command, sent.command);
  EXPECT_EQ(got.exported, sent.exported);
  EXPECT_EQ(got.chdir, "/work");
  EXPECT_EQ(got.inside_uid, 7U);
  EXPECT_EQ(got.inside_gid, 8U);
  EXPECT_EQ(got.batch_script, sent.batch_script);
  EXPECT_EQ(got.binds, sent.binds);
  EXPECT_EQ(got.host_namespaces, sent.host_namespaces);
  EXPECT_EQ(got.task_memory, sent.task_memory);
  EXPECT_EQ(got.task_pids, 3);
  ASSERT_EQ(got.limits.size(), 1U);
  EXPECT_EQ(got.limits[0].name, "pids.max");
  write_once(got.limits[0].fd.get(), "7", "pipe");
  char byte = 0;
  EXPECT_EQ(::read(read_end.get(), &byte, 1), 1) << "the descriptor is the one that was sent";
  EXPECT_EQ(byte, '7');
  EXPECT_TRUE(got.user_namespace);
}

TEST(Handoff, ALargeCommandFits) {
  const SocketPair sockets = socket_pair();
  Handoff sent = example();
  sent.command.assign(2000, std::string(1000, 'x'));
  send_handoff(sockets.first.get(), sent);
  EXPECT_EQ(receive_handoff(sockets.second.get()).command, sent.command);
}

// The plan as it was sent, changed, with as many descriptors behind it.
std::string refusal_of(const std::function<void(nlohmann::json&)>& change, size_t descriptors) {
  const SocketPair sockets = socket_pair();
  send_handoff(sockets.first.get(), example());
  const Message sent = receive_message(sockets.second.get());
  nlohmann::json plan = nlohmann::json::from_cbor(read_sealed(sent.fds.front().get(), 1 << 20));
  change(plan);
  const std::vector<uint8_t> bytes = nlohmann::json::to_cbor(plan);
  const UniqueFd sealed =
      sealed_memfd("plan", {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  std::vector<int> fds(1 + descriptors, sealed.get());
  send_message(sockets.first.get(), sent.bytes, fds);
  return test::message_of([&] { (void)receive_handoff(sockets.second.get()); });
}

TEST(Handoff, AnotherVersionsOrOneWithOtherDescriptorsIsRefused) {
  EXPECT_EQ(refusal_of([](nlohmann::json&) {}, 0), "no error");
  EXPECT_EQ(refusal_of([](nlohmann::json&) {}, 1), "handoff: 1 descriptors came, not those named");
  EXPECT_EQ(refusal_of([](nlohmann::json& plan) { plan["userNamespace"] = true; }, 0),
            "handoff: 0 descriptors came, not those named");
  EXPECT_EQ(refusal_of([](nlohmann::json& plan) { plan["version"] = 2; }, 0),
            "handoff: of another version of berth");
}

TEST(Handoff, WhatIsNotOneIsRefused) {
  const SocketPair sockets = socket_pair();
  send_message(sockets.first.get(), "hello");
  EXPECT_THROW((void)receive_handoff(sockets.second.get()), Error);
  const UniqueFd junk = sealed_memfd("junk", "\x01\x02");
  const int fds[] = {junk.get()};
  send_message(sockets.first.get(), "berth-handoff", fds);
  EXPECT_THROW((void)receive_handoff(sockets.second.get()), Error);
  const UniqueFd unsealed = open_file(AT_FDCWD, "/dev/null", O_RDONLY);
  const int open_fds[] = {unsealed.get()};
  send_message(sockets.first.get(), "berth-handoff", open_fds);
  EXPECT_THROW((void)receive_handoff(sockets.second.get()), Error);
}

}  // namespace
}  // namespace berth::launcher
