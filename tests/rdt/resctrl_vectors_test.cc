// The vectors beside this file, on the emulator and on a kernel. On the host the kernel's skips;
// the guest of tests/vm has it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <map>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/resctrl/replay.h"

namespace berth::test::resctrl {
namespace {

constexpr const char* kFile = BERTH_SOURCE_DIR "/tests/rdt/resctrl_vectors";
constexpr const char* kKernels = "/sys/fs/resctrl";

// What the suites in CMakeLists.txt boot the guest with.
std::map<std::string, Processor> machines() {
  std::map<std::string, Processor> result;
  Processor& normal = result["default"] = guest();
  normal.monitor->rmids = 1000;  // enough for all vectors: each is in limbo for a second
  normal.monitor->unit = 64;

  Processor& few = result["few"] = guest();
  few.l3->ways = 20;
  few.l3->closids = 4;
  few.l3->shareable = 0xc0001;
  few.l3->cdp = false;
  few.l3->bytes = few.monitor->limit = 20 << 20;
  few.monitor->rmids = 8;
  few.mb.reset();

  result["bandwidth"] = guest();
  result["bandwidth"].l3.reset();
  result["bandwidth"].monitor->limit = 16 << 20;

  result["monitor"] = result["bandwidth"];
  result["monitor"].mb.reset();
  return result;
}

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

// Its info files, but the status.
std::map<std::string, std::string> info_of(Target& target) {
  std::map<std::string, std::string> result;
  for (const std::string& folder : target.list("info").names) {
    if (folder == "last_cmd_status") continue;
    for (const std::string& file : target.list("info/" + folder).names) {
      const std::string path = "info/" + folder + '/' + file;
      result[path] = target.read(path).text;
    }
  }
  return result;
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

// The machine is the one whose info files are these, to the letter.
TEST(Vectors, OnTheKernel) {
  struct statfs there {};
  if (::statfs(kKernels, &there) != 0 || there.f_type != RDTGROUP_SUPER_MAGIC) {
    GTEST_SKIP() << kKernels << ": " << errno_text(ENOENT);
  }
  ASSERT_THAT(list_subdirectories(open_dir(AT_FDCWD, kKernels).get()),
              testing::ElementsAre("info", "mon_data", "mon_groups"))
      << "somebody uses this resctrl";
  const auto kernel = kernel_target(kKernels);
  kernel->reset({});
  const auto info = info_of(*kernel);
  for (const auto& [name, processor] : machines()) {
    const auto model = model_target(processor, Profile(Kernel::v6_1));
    model->reset({});
    if (info_of(*model) != info) continue;
    replay_all(
        *kernel, [&](const Vector& vector) { return vector.machine == name; },
        ("on the kernel of machine " + name).c_str());
    return;
  }
  for (const auto& [path, text] : info) printf("%s: %s", path.c_str(), text.c_str());
  FAIL() << "none of the machines that the vectors are for";
}

}  // namespace
}  // namespace berth::test::resctrl
