#include "runtime/cgroup/late_limits.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace berth::runtime {
namespace {

std::string received(int socket) {
  std::string bytes(100, '\0');
  const ssize_t n = ::recv(socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
  bytes.resize(n < 0 ? 0 : static_cast<size_t>(n));
  return bytes;
}

TEST(LateLimits, WritesEachValueOnceInOrderAndClosesItsDescriptor) {
  SocketPair control = socket_pair();
  LateLimits limits;
  limits.limits.push_back({duplicate(control.first.get()), "1048576", "memory.max"});
  limits.limits.push_back({std::move(control.first), "max", "pids.max"});
  std::move(limits).apply();
  EXPECT_EQ(received(control.second.get()), "1048576");
  EXPECT_EQ(received(control.second.get()), "max");
  // The end of the stream: no descriptor of the other side is open any more.
  char byte = 0;
  EXPECT_EQ(::recv(control.second.get(), &byte, 1, MSG_DONTWAIT), 0);
}

TEST(LateLimits, NamesTheLimitAndTheValueThatFailed) {
  LateLimits limits;
  limits.limits.push_back({open_file(AT_FDCWD, "/dev/full", O_WRONLY), "7", "pids.max"});
  try {
    std::move(limits).apply();
    FAIL() << "no exception";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "set late limit pids.max to '7': no space left on device");
    EXPECT_EQ(e.code(), ENOSPC);
  }
}

TEST(LateLimits, NoneIsNothingToDo) {
  EXPECT_NO_THROW(LateLimits{}.apply());
}

}  // namespace
}  // namespace berth::runtime
