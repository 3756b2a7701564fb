#include "base/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/file.h"

namespace berth {
namespace {

UniqueFd null_fd() {
  return open_file(AT_FDCWD, "/dev/null", O_RDWR);
}

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

bool closes_on_exec(int fd) {
  return (check(::fcntl(fd, F_GETFD), "read flags") & FD_CLOEXEC) != 0;
}

size_t open_count() {
  return list_dir(open_dir(AT_FDCWD, "/proc/self/fd").get()).size();
}

int code_of(const auto& action) {
  try {
    action();
  } catch (const Error& e) {
    return e.code();
  }
  return -1;
}

// As many descriptors as asked, in one message, with none of send_message's own checks.
void send_raw(int socket, std::string bytes, size_t fds) {
  const UniqueFd null = null_fd();
  const std::vector<int> numbers(fds, null.get());
  std::vector<char> control(CMSG_SPACE(fds * sizeof(int)));
  iovec iov{bytes.data(), bytes.size()};
  msghdr message{};
  message.msg_iov = &iov;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(fds * sizeof(int));
  std::memcpy(CMSG_DATA(header), numbers.data(), fds * sizeof(int));
  check(::sendmsg(socket, &message, 0), "sendmsg");
}

TEST(UniqueFd, ClosesAtTheEndOfItsLife) {
  int number = -1;
  {
    const UniqueFd fd = null_fd();
    number = fd.get();
    EXPECT_TRUE(is_open(number));
  }
  EXPECT_FALSE(is_open(number));
}

TEST(UniqueFd, MoveAssignClosesWhatItHeldAndEmptiesTheSource) {
  UniqueFd a = null_fd();
  UniqueFd b = null_fd();
  const int old = a.get();
  const int kept = b.get();
  a = std::move(b);
  EXPECT_FALSE(is_open(old));
  EXPECT_EQ(a.get(), kept);
  EXPECT_TRUE(is_open(kept));
  EXPECT_FALSE(b);  // NOLINT(bugprone-use-after-move): the state under test
}

TEST(UniqueFd, SurvivesItsOwnMove) {
  UniqueFd a = null_fd();
  UniqueFd& same = a;
  a = std::move(same);
  EXPECT_TRUE(a);
  EXPECT_TRUE(is_open(a.get()));
}

TEST(UniqueFd, ReleaseGivesTheDescriptorAway) {
  UniqueFd a = null_fd();
  const UniqueFd taken(a.release());
  EXPECT_FALSE(a);
  EXPECT_TRUE(is_open(taken.get()));
}

TEST(Descriptor, DuplicateIsCloseOnExecAndInheritanceIsAskedFor) {
  const UniqueFd fd = duplicate(0);
  EXPECT_GE(fd.get(), 3);
  EXPECT_TRUE(closes_on_exec(fd.get()));
  set_inheritable(fd.get(), true);
  EXPECT_FALSE(closes_on_exec(fd.get()));
  set_inheritable(fd.get(), false);
  EXPECT_TRUE(closes_on_exec(fd.get()));
  EXPECT_EQ(code_of([] { set_inheritable(-1, true); }), EBADF);
}

TEST(SealedMemfd, ReadsBackAndCannotBeChanged) {
  const std::string content(100000, 'x');
  const UniqueFd fd = sealed_memfd("plan", content);
  EXPECT_TRUE(closes_on_exec(fd.get()));
  EXPECT_EQ(read_sealed(fd.get(), content.size()), content);
  EXPECT_EQ(read_sealed(fd.get(), content.size()), content) << "reading moves no offset";
  EXPECT_EQ(::pwrite(fd.get(), "y", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(fd.get(), 1), -1);
  EXPECT_EQ(errno, EPERM);
}

TEST(SealedMemfd, RefusesALargerOneThanTheCap) {
  const UniqueFd fd = sealed_memfd("plan", "123456");
  EXPECT_EQ(read_sealed(fd.get(), 6), "123456");
  EXPECT_EQ(code_of([&] { read_sealed(fd.get(), 5); }), EFBIG);
}

TEST(SealedMemfd, RefusesOneThatLacksAnySeal) {
  constexpr std::array kNeeded = {F_SEAL_WRITE, F_SEAL_GROW, F_SEAL_SHRINK};
  for (const int missing : kNeeded) {
    const UniqueFd fd(::memfd_create("plan", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    write_all(fd.get(), "text", "plan");
    int seals = 0;
    for (const int seal : kNeeded) seals |= seal == missing ? 0 : seal;
    ASSERT_EQ(::fcntl(fd.get(), F_ADD_SEALS, seals), 0);
    EXPECT_THROW(read_sealed(fd.get(), 100), Error) << "without seal " << missing;
    ASSERT_EQ(::fcntl(fd.get(), F_ADD_SEALS, missing), 0);
    EXPECT_EQ(read_sealed(fd.get(), 100), "text");
  }
}

TEST(SealedMemfd, RefusesWhatIsNoMemfd) {
  EXPECT_THROW(read_sealed(null_fd().get(), 100), Error);
  const SocketPair pair = socket_pair();
  EXPECT_THROW(read_sealed(pair.first.get(), 100), Error);
}

TEST(Message, KeepsItsBoundaries) {
  const SocketPair pair = socket_pair();
  EXPECT_TRUE(closes_on_exec(pair.first.get()));
  EXPECT_TRUE(closes_on_exec(pair.second.get()));
  send_message(pair.first.get(), "one");
  send_message(pair.first.get(), "two");
  EXPECT_EQ(receive_message(pair.second.get()).bytes, "one");
  EXPECT_EQ(receive_message(pair.second.get()).bytes, "two");
}

TEST(Message, CarriesDescriptorsThatArriveCloseOnExec) {
  const SocketPair pair = socket_pair();
  const UniqueFd plan = sealed_memfd("plan", "the plan");
  const UniqueFd other = sealed_memfd("other", "another");
  const std::array fds = {plan.get(), other.get()};
  set_inheritable(plan.get(), true);
  send_message(pair.first.get(), "m", fds);
  const Message message = receive_message(pair.second.get());
  EXPECT_EQ(message.bytes, "m");
  ASSERT_EQ(message.fds.size(), 2U);
  EXPECT_NE(message.fds[0].get(), plan.get());
  EXPECT_TRUE(closes_on_exec(message.fds[0].get()));
  EXPECT_TRUE(closes_on_exec(message.fds[1].get()));
  EXPECT_EQ(read_sealed(message.fds[0].get(), 100), "the plan");
  EXPECT_EQ(read_sealed(message.fds[1].get(), 100), "another");
}

TEST(Message, TakesTheLargestAllowedAndRefusesMore) {
  const SocketPair pair = socket_pair();
  const UniqueFd null = null_fd();
  const std::vector<int> most(kMaxFds, null.get());
  std::string long_one(kMaxMessage, 'x');
  for (size_t i = 0; i < long_one.size(); i += 7) long_one[i] = static_cast<char>('a' + i % 26);
  send_message(pair.first.get(), long_one, most);
  const Message message = receive_message(pair.second.get());
  EXPECT_EQ(message.bytes, long_one);
  EXPECT_EQ(message.fds.size(), kMaxFds);

  const std::vector<int> more(kMaxFds + 1, null.get());
  EXPECT_EQ(code_of([&] { send_message(pair.first.get(), "m", more); }), EINVAL);
  EXPECT_EQ(code_of([&] { send_message(pair.first.get(), ""); }), EINVAL);
  EXPECT_EQ(code_of([&] { send_message(pair.first.get(), std::string(kMaxMessage + 1, 'x')); }),
            EMSGSIZE);
}

TEST(Message, ClosedPeerIsAnEmptyMessage) {
  SocketPair pair = socket_pair();
  send_message(pair.first.get(), "last");
  pair.first.reset();
  EXPECT_EQ(receive_message(pair.second.get()).bytes, "last");
  const Message end = receive_message(pair.second.get());
  EXPECT_TRUE(end.bytes.empty());
  EXPECT_TRUE(end.fds.empty());
  EXPECT_EQ(code_of([&] { send_message(pair.second.get(), "m"); }), EPIPE);
}

TEST(Message, WhatAPeerSaidBeforeItClosedWithoutReadingIsHeard) {
  SocketPair pair = socket_pair();
  send_message(pair.first.get(), "last");
  send_message(pair.second.get(), "never read");
  pair.first.reset();
  EXPECT_EQ(receive_message(pair.second.get()).bytes, "last");
  EXPECT_TRUE(receive_message(pair.second.get()).bytes.empty());
}

TEST(Message, PeerThatClosesWithoutReadingIsAnEmptyMessageToo) {
  SocketPair pair = socket_pair();
  send_message(pair.second.get(), "never read");
  pair.first.reset();
  const size_t before = open_count();
  const Message end = receive_message(pair.second.get());
  EXPECT_TRUE(end.bytes.empty());
  EXPECT_TRUE(end.fds.empty());
  EXPECT_EQ(open_count(), before);
}

TEST(Message, TooManyBytesIsAnErrorThatLeaksNoDescriptor) {
  const SocketPair pair = socket_pair();
  const size_t before = open_count();
  send_raw(pair.first.get(), std::string(kMaxMessage + 1, 'x'), 3);
  EXPECT_EQ(code_of([&] { receive_message(pair.second.get()); }), EMSGSIZE);
  EXPECT_EQ(open_count(), before);
}

TEST(Message, TooManyDescriptorsIsAnErrorThatLeaksNone) {
  const SocketPair pair = socket_pair();
  const size_t before = open_count();
  send_raw(pair.first.get(), "m", kMaxFds + 1);
  EXPECT_EQ(code_of([&] { receive_message(pair.second.get()); }), EMSGSIZE);
  EXPECT_EQ(open_count(), before);
}

}  // namespace
}  // namespace berth
