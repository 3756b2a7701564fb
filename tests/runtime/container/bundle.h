// A bundle of busybox and our probe in a directory of its own, the specs to run it with, and a
// child to run it in.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/container/enter.h"
#include "tests/support/become.h"
#include "tests/support/temporary_folder.h"

namespace berth::test {

struct Outcome {
  int status = -1;  // as a shell tells it: 128 + signal
  std::string out, err;
};

class Bundle {
 public:
  Bundle();

  const std::string& path() const { return folder_.path(); }
  std::string rootfs() const { return path() + "/rootfs"; }
  // proc, a /dev and a /tmp; mount, ipc and uts namespaces of its own; uid 0.
  runtime::Entry entry(std::vector<std::string> args) const;
  // `sh -c script`.
  runtime::Entry shell(const std::string& script) const { return entry({"sh", "-c", script}); }

 private:
  TemporaryFolder folder_;
};

runtime::Entry with_pid_namespace(runtime::Entry entry);

// Tests with a bundle that make namespaces as root does.
class ContainerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  }
  Bundle bundle_;
};

// The same for what holds for root and for a user without any right alike.
class ContainerTestAs : public ContainerTest, public ::testing::WithParamInterface<uid_t> {};
inline const auto kRootAndUser = ::testing::Values(uid_t{0}, kNobody);
inline std::string name_of_user(const ::testing::TestParamInfo<uid_t>& as) {
  return as.param == 0 ? "Root" : "User";
}

// What a launcher does: `body` runs in a child, as `uid` where it is not 0, with its output
// caught; an EnterFailure's line goes to err and its code becomes the status.
Outcome launch(uid_t uid, const std::function<void()>& body);

// However a container is started: 127, 126 and 125 with a line each.
void expect_failures_told_apart(const Bundle& bundle,
                                const std::function<Outcome(runtime::Entry)>& run);

}  // namespace berth::test
