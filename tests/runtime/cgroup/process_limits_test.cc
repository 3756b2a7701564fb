#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/node.h"
#include "scratch.h"
#include "tests/support/message_of.h"

namespace berth::runtime::cgroup {
namespace {

using test::message_of;

using ProcessLimits = Scratch;

TEST_F(ProcessLimits, AreThoseOfTheProcessesOwnGroup) {
  const Node node = Node::create(hierarchy_, path("slurm/job_1/task_0"), {});
  const pid_t pid = stay_in(node);
  Limits limits = pids_of(5);
  limits.memory_bytes = int64_t{64} << 20;
  LateLimits late = late_limits_of_process(hierarchy_, pid, limits);
  EXPECT_EQ(read("pids", node.path(), "pids.max"), "max") << "opened, not written";
  std::move(late).apply();
  EXPECT_EQ(read("pids", node.path(), "pids.max"), "5");
  const char* const file =
      hierarchy_.v1_of("memory") != nullptr ? "memory.limit_in_bytes" : "memory.max";
  EXPECT_EQ(read("memory", node.path(), file), std::to_string(64 << 20));
  EXPECT_TRUE(children(hierarchy_, node.path()).empty());
}

TEST_F(ProcessLimits, AreFoundBelowAMountThatShowsAPartOnly) {
  const Node node = Node::create(hierarchy_, path("slurm/task_0"), {});
  const pid_t pid = stay_in(node);
  Hierarchy part = hierarchy_;
  for (V1Mount& mount : part.v1) {
    mount.root = "/" + top_;
    mount.path += mount.root;
  }
  part.v2_root = "/" + top_;
  part.v2 += part.v2_root;
  late_limits_of_process(part, pid, pids_of(4)).apply();
  EXPECT_EQ(read("pids", node.path(), "pids.max"), "4");
  for (V1Mount& mount : part.v1) mount.root = "/elsewhere";
  part.v2_root = "/elsewhere";
  EXPECT_NE(message_of([&] {
              (void)late_limits_of_process(part, pid, pids_of(4));
            }).find("is not visible in"),
            std::string::npos);
}

TEST_F(ProcessLimits, AreRefusedWhereOthersShareTheGroup) {
  const Node node = Node::create(hierarchy_, path("shared"), {});
  const pid_t pid = stay_in(node);
  stay_in(node);
  EXPECT_EQ(message_of([&] { (void)late_limits_of_process(hierarchy_, pid, pids_of(4)); }),
            "limit process " + std::to_string(pid) + ": its cgroup '/" + node.path() +
                "' holds other processes");
}

TEST_F(ProcessLimits, AreRefusedInTheRootGroup) {
  const std::string own = read_file(AT_FDCWD, "/proc/self/cgroup");
  const std::string controller = hierarchy_.v1_of("pids") != nullptr ? "pids" : "";
  if (path_of_process(own, controller) != "/") {
    GTEST_SKIP() << "this process is in a group: " << errno_text(EINVAL);
  }
  const std::string message =
      message_of([&] { (void)late_limits_of_process(hierarchy_, ::getpid(), pids_of(4)); });
  EXPECT_NE(message.find("it is in the root cgroup of '"), std::string::npos) << message;
}

TEST_F(ProcessLimits, NameTheMissingController) {
  const Node node = Node::create(hierarchy_, path("task_0"), {});
  const pid_t pid = stay_in(node);
  const Hierarchy without = without_pids();
  const std::string message =
      message_of([&] { (void)late_limits_of_process(without, pid, pids_of(4)); });
  EXPECT_NE(message.find("'pids' is not available"), std::string::npos) << message;
}

TEST_F(ProcessLimits, OfAProcessThatIsGoneAreAnError) {
  EXPECT_THROW((void)late_limits_of_process(hierarchy_, 0x3fffffff, pids_of(4)), Error);
}

}  // namespace
}  // namespace berth::runtime::cgroup
