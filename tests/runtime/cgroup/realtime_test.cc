#include "runtime/cgroup/realtime.h"

#include <fcntl.h>

#include <cerrno>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "scratch.h"

namespace berth::runtime::cgroup {
namespace {

class RealTimeTest : public Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    hierarchy_ = detect(ControllerSet::container);
    if (hierarchy_.v1_of("cpu") == nullptr ||
        !std::filesystem::exists(file_of("cpu", "", "cpu.rt_runtime_us"))) {
      GTEST_SKIP() << "no real-time budgets of groups: " << errno_text(ENODEV);
    }
  }
  // As a container with such a wish would be made.
  void make(const std::string& name, const RealTime& wanted) {
    Node::create(hierarchy_, path(name), {});
    make_room_for_realtime(hierarchy_, Tops{top_, {}}, path(name), wanted);
    const auto set = [&](const char* file, int64_t value) {
      write_file(AT_FDCWD, file_of("cpu", path(name), file), std::to_string(value));
    };
    set("cpu.rt_period_us", wanted.period);
    set("cpu.rt_runtime_us", wanted.runtime);
  }
  std::string runtime_of(const std::string& path) const {
    return read("cpu", path, "cpu.rt_runtime_us");
  }
};

TEST_F(RealTimeTest, AGroupGetsWhatItsGroupsHaveTogether) {
  make("a/one", {.runtime = 300});
  make("a/two", {.runtime = 200});
  EXPECT_EQ(runtime_of(path("a")), "500");
}

TEST_F(RealTimeTest, IsCountedInThePeriodOfTheGroupAbove) {
  make("a/one", {.runtime = 100, .period = 100'000});
  EXPECT_EQ(runtime_of(path("a")), "1000");
  make("a/two", {.runtime = 1, .period = 30'000});
  EXPECT_EQ(runtime_of(path("a")), "1034") << "rounded up";
  EXPECT_EQ(runtime_of(path("a/two")), "1");
}

}  // namespace
}  // namespace berth::runtime::cgroup
