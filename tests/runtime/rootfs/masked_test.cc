#include "runtime/rootfs/masked.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "base/error.h"
#include "tests/runtime/rootfs/bundle.h"

namespace berth::runtime::rootfs {
namespace {

using ::testing::HasSubstr;

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

class Masked : public ::testing::TestWithParam<As> {
 protected:
  void SetUp() override {
    if (!can_unshare()) GTEST_SKIP() << "unshare: " << errno_text(errno);
    bundle_.usual_mounts();
  }
  Result enter(const std::function<std::string()>& inside) {
    return bundle_.enter(GetParam(), inside);
  }
  Bundle bundle_;
};
INSTANTIATE_TEST_SUITE_P(As, Masked, ::testing::ValuesIn(kEveryone),
                         [](const auto& param) { return name_of(param.param); });

TEST_P(Masked, FilesReadEmpty) {
  bundle_.file("rootfs/secret", "secret");
  bundle_.spec.linux_.masked_paths = {"/proc/version", "/secret"};
  const Result result = enter([] { return content("/proc/version") + "|" + content("/secret"); });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "|");
  EXPECT_EQ(content(bundle_.rootfs() + "/secret"), "secret");
}

// What covers them is the host's null device. Its mode is set to what it has: that must fail too.
TEST_P(Masked, FilesCannotBeChanged) {
  bundle_.spec.linux_.masked_paths = {"/proc/version"};
  const Result result = enter([] {
    struct stat st {};
    ::stat("/proc/version", &st);
    const int error = ::chmod("/proc/version", st.st_mode & 07777) < 0 ? errno : 0;
    const UniqueFd file(::open("/proc/version", O_WRONLY | O_CLOEXEC));
    return std::to_string(error) + (file ? "" : ", not writable");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, std::to_string(EROFS));
}

TEST_P(Masked, DirectoriesAreEmptyReadOnlyAndOneFileSystem) {
  bundle_.file("rootfs/a/x");
  bundle_.file("rootfs/b/y");
  bundle_.spec.linux_.masked_paths = {"/a", "/b", "/sys/kernel"};
  const Result result = enter([] {
    struct stat a {};
    struct stat b {};
    ::stat("/a", &a);
    ::stat("/b", &b);
    return "[" + names("/a") + names("/b") + names("/sys/kernel") + "]" +
           (writable("/a") || writable("/b") ? "w" : "r") +
           (a.st_dev == b.st_dev ? " one" : " two");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "[]r one");
}

TEST_P(Masked, ListedTwiceIsMaskedOnce) {
  bundle_.file("rootfs/secret", "secret");
  bundle_.dir("rootfs/dir");
  bundle_.link("rootfs/link", "dir");
  bundle_.spec.linux_.masked_paths = {"/secret", "/dir",        "/secret", "/dir",
                                      "/dir/",   "//x/../dir/", "/link",   "/./secret"};
  const Result result = enter([] {
    const std::string mounts = content("/proc/self/mountinfo");
    return std::to_string(count(mounts, " /secret ")) + std::to_string(count(mounts, " /dir "));
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "11");
}

TEST_P(Masked, ADirectoryOfAReadOnlyRoot) {
  bundle_.file("rootfs/dir/file");
  bundle_.spec.root->readonly = true;
  bundle_.spec.linux_.masked_paths = {"/dir"};
  const Result result = enter([] { return "[" + names("/dir") + "]"; });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "[]");
}

TEST_P(Masked, ReadOnlyPathsKeepTheirOtherFlags) {
  bundle_.dir("data/below");
  bundle_.mount("/t", "bind", "data", {"rbind", "nosuid", "nodev", "noexec"});
  bundle_.spec.linux_.readonly_paths = {"/t/below", "/sys/kernel"};
  const Result result =
      enter([] { return mount_line("/t/below") + "\n" + mount_line("/sys/kernel"); });
  EXPECT_EQ(result.error, "");
  EXPECT_THAT(result.report, HasSubstr(" /t/below ro,nosuid,nodev,noexec,relatime"));
  EXPECT_THAT(result.report, HasSubstr(" /sys/kernel ro,nosuid,nodev,noexec,relatime"));
}

TEST_P(Masked, TheWorkingDirectoryIsMadeBeforeTheRootIsReadOnly) {
  bundle_.spec.process.emplace();
  bundle_.spec.process->cwd = "/work//new/";
  bundle_.spec.root->readonly = true;
  const Result result = enter([] { return names("/work"); });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "new");
}

// Entering it says what is wrong.
TEST_P(Masked, AWorkingDirectoryThatCannotBeMadeIsPassedOver) {
  bundle_.file("rootfs/file");
  bundle_.spec.process.emplace();
  for (const char* path : {"/file/x", "/proc/none", "/proc/self/fd/0/x"}) {
    bundle_.spec.process->cwd = path;
    EXPECT_EQ(enter([] { return std::string(); }).error, "") << path;
  }
}

TEST_P(Masked, AbsentPathsArePassedOver) {
  bundle_.spec.linux_.masked_paths = {"/none", "/proc/none/below"};
  bundle_.spec.linux_.readonly_paths = {"/none", "/proc/none/below"};
  EXPECT_EQ(enter([] { return std::string(); }).error, "");
}

TEST_P(Masked, ReadOnlyPathsAreReadOnly) {
  bundle_.dir("rootfs/ro/below");
  bundle_.file("rootfs/file", "text");
  bundle_.spec.linux_.readonly_paths = {"/ro", "/file", "/proc/sys", "/proc/version"};
  const Result result = enter([] {
    return std::string(writable("/ro/below") ? "w" : "r") + (writable("/") ? "w" : "r") + "\n" +
           content("/file") + "\n" + mount_line("/file") + "\n" + mount_line("/proc/sys") + "\n" +
           mount_line("/proc/version");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_THAT(result.report, ::testing::StartsWith("rw\ntext\n"));
  EXPECT_THAT(result.report, HasSubstr(" /file ro,"));
  EXPECT_THAT(result.report, HasSubstr(" /proc/sys ro,"));
  EXPECT_THAT(result.report, HasSubstr(" /proc/version ro,"));
}

}  // namespace
}  // namespace berth::runtime::rootfs
