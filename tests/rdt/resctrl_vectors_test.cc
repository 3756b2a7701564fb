// The vectors beside this file, on the emulator and on a kernel. On the host the kernel's skips;
// the guest of tests/vm has it.
#include <fcntl.h>
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/resctrl/machines.h"
#include "tests/support/resctrl/replay.h"

namespace berth::test::resctrl {
namespace {

constexpr const char* kFile = BERTH_SOURCE_DIR "/tests/rdt/resctrl_vectors";
constexpr const char* kKernels = "/sys/fs/resctrl";

std::vector<Vector> vectors() {
  return read_vectors(read_file(AT_FDCWD, kFile));
}

// Replays those that are for the target, and tells how many agreed.
template <class Wanted>
void replay_all(Target& target, const Wanted& wanted, const char* where) {
  size_t replayed = 0, agreed = 0;
  for (const Vector& vector : vectors()) {
    if (!wanted(vector)) continue;
    ++replayed;
    const auto differences = replay(target, vector);
    for (const auto& [line, what] : differences) ADD_FAILURE_AT(kFile, line) << what;
    agreed += differences.empty() ? 1 : 0;
  }
  printf("%zu of %zu vectors agree %s\n", agreed, replayed, where);
  EXPECT_GT(replayed, 0U);
}

TEST(Vectors, AreMany) {
  EXPECT_GE(vectors().size(), 200U);
}

TEST(Vectors, OnTheModel) {
  for (const auto& [name, processor] : machines()) {
    const auto target = model_target(processor, Profile(Kernel::v6_1));
    replay_all(
        *target, [&](const Vector& vector) { return vector.machine == name; },
        ("on the model of machine " + name).c_str());
  }
}

TEST(Vectors, ThroughTheMount) {
  for (const auto& [name, processor] : machines()) {
    const auto target = mount_target(processor, Profile(Kernel::v6_1));
    try {
      target->reset({});
    } catch (const Error& error) {
      if (error.code() != EPERM && error.code() != ENOENT && error.code() != ENODEV) throw;
      GTEST_SKIP() << error.message();
    }
    replay_all(
        *target, [&](const Vector& vector) { return vector.machine == name && !vector.bytes_only; },
        ("through the mount of machine " + name).c_str());
  }
}

TEST(Vectors, OnTheKernel) {
  if (const std::string why = why_not_kernel(kKernels); !why.empty()) GTEST_SKIP() << why;
  const auto kernel = kernel_target(kKernels);
  kernel->reset({});
  const std::string machine = machine_of(*kernel);
  ASSERT_FALSE(machine.empty()) << "none of the machines that the vectors are for";
  replay_all(
      *kernel, [&](const Vector& vector) { return vector.machine == machine; },
      ("on the kernel of machine " + machine).c_str());
}

}  // namespace
}  // namespace berth::test::resctrl
