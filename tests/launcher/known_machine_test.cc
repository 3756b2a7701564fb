#include "launcher/known_machine.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"

namespace berth::launcher {
namespace {

class KnownMachine : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(dir_.data()), nullptr); }
  void TearDown() override { std::filesystem::remove_all(dir_); }
  std::string file() const { return dir_ + "/machine.json"; }
  std::string text() const { return read_file(AT_FDCWD, file()); }
  void put(const std::string& content) const {
    replace_file(open_dir(AT_FDCWD, dir_).get(), "machine.json", content, 0644);
  }
  // Makes the remembered machine one that hwloc would never report here.
  void lie() const {
    std::string changed = text();
    const size_t at = changed.find("\"package\":0");
    ASSERT_NE(at, std::string::npos);
    changed.replace(at, 11, "\"package\":7");
    put(changed);
  }
  bool lied() const {
    const auto machine = known_machine(dir_);
    return std::ranges::any_of(machine.cores(), [](const auto& c) { return c.package == 7; }) ||
           std::ranges::any_of(machine.l3(), [](const auto& d) { return d.package == 7; });
  }
  std::string dir_ = "/tmp/berth-known-machine-XXXXXX";
};

TEST_F(KnownMachine, IsWhatHwlocSaysTheFirstTimeAndTheSecond) {
  const topology::Machine real = topology::Machine::load();
  for (int round = 0; round < 2; ++round) {
    const topology::Machine machine = known_machine(dir_);
    EXPECT_TRUE(std::ranges::equal(machine.l3(), real.l3())) << round;
    EXPECT_TRUE(std::ranges::equal(machine.cores(), real.cores())) << round;
    EXPECT_TRUE(std::ranges::equal(machine.numa_nodes(), real.numa_nodes())) << round;
    EXPECT_EQ(machine.cpus(), real.cpus()) << round;
    EXPECT_TRUE(machine.is_this_system()) << round;
    ASSERT_EQ(::access(file().c_str(), R_OK), 0);
  }
}

TEST_F(KnownMachine, IsTakenFromTheFileTheSecondTime) {
  (void)known_machine(dir_);
  lie();
  EXPECT_TRUE(lied());
}

TEST_F(KnownMachine, IsLookedAtAgainWhenOtherCpusAreOnline) {
  (void)known_machine(dir_);
  lie();
  std::string changed = text();
  const size_t at = changed.find("\"online\":\"");
  ASSERT_NE(at, std::string::npos);
  changed.insert(at + 10, "9,");
  put(changed);
  EXPECT_FALSE(lied());
  EXPECT_EQ(text().find("\"online\":\"9,"), std::string::npos) << "and remembered anew";
}

TEST_F(KnownMachine, IgnoresAFileThatOthersMayWrite) {
  (void)known_machine(dir_);
  lie();
  ASSERT_EQ(::chmod(file().c_str(), 0666), 0);
  EXPECT_FALSE(lied());
}

TEST_F(KnownMachine, IgnoresAFileOfSomebodyElse) {
  (void)known_machine(dir_);
  lie();
  if (::chown(file().c_str(), 65534, 65534) < 0) GTEST_SKIP() << "chown: errno " << errno;
  EXPECT_FALSE(lied());
}

TEST_F(KnownMachine, IgnoresADamagedFile) {
  (void)known_machine(dir_);
  for (const char* damage : {"", "{", "[]", R"({"online":3})"}) {
    put(damage);
    EXPECT_TRUE(std::ranges::equal(known_machine(dir_).cores(), topology::Machine::load().cores()))
        << damage;
  }
}

TEST_F(KnownMachine, NeedsNoStateDirectory) {
  EXPECT_GE(known_machine(dir_ + "/none").cores().size(), 1U);
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/none"));
}

}  // namespace
}  // namespace berth::launcher
