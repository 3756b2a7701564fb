#include "runtime/rootfs/root_dir.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/message_of.h"

namespace berth::runtime::rootfs {
namespace fs = std::filesystem;
namespace {

using test::message_of;

// A tree with a root in it; whatever is done below the root, `outside` stays as it is.
class RootDirTest : public ::testing::Test {
 protected:
  RootDirTest() {
    char name[] = "/tmp/berth-rootdir-XXXXXX";
    base_ = ::mkdtemp(name);
    fs::create_directories(base_ + "/root/etc");
    fs::create_directories(base_ + "/outside");
    std::ofstream(base_ + "/root/etc/name") << "inside";
    std::ofstream(base_ + "/outside/name") << "outside";
  }
  ~RootDirTest() override {
    EXPECT_EQ(std::distance(fs::directory_iterator(base_ + "/outside"), fs::directory_iterator()),
              1);
    fs::remove_all(base_);
  }
  RootDir root() const { return RootDir(open_dir(AT_FDCWD, base_ + "/root")); }
  void link(const std::string& name, const std::string& target) const {
    fs::create_symlink(target, base_ + "/root/" + name);
  }
  bool exists(const std::string& path) const { return fs::exists(base_ + "/" + path); }
  std::string base_;
};

TEST_F(RootDirTest, OpensInside) {
  EXPECT_EQ(read_fd(root().open("/etc/name", O_RDONLY).get(), ""), "inside");
  EXPECT_EQ(read_fd(root().open("etc/../../../etc/name", O_RDONLY).get(), ""), "inside");
}

TEST_F(RootDirTest, LinksStayInside) {
  link("absolute", "/etc/name");
  link("chain", "../../../../../etc/name");
  EXPECT_EQ(read_fd(root().open("/absolute", O_RDONLY).get(), ""), "inside");
  EXPECT_EQ(read_fd(root().open("/chain", O_RDONLY).get(), ""), "inside");
  link("out", base_ + "/outside/name");
  EXPECT_EQ(root().open_if_exists("/out"), std::nullopt);
}

TEST_F(RootDirTest, SaysWhatItCannotOpen) {
  EXPECT_EQ(message_of([&] { root().open("/none"); }), "open '/none': no such file or directory");
  EXPECT_EQ(root().open_if_exists("/etc/name/below"), std::nullopt);
}

TEST_F(RootDirTest, MakesDirectories) {
  root().make_dirs("/a/b/c");
  EXPECT_TRUE(fs::is_directory(base_ + "/root/a/b/c"));
  root().make_dirs("/a/b/c");  // again is no error
  root().make_dirs("/a/../../../d/./e");
  EXPECT_TRUE(exists("root/d/e"));
}

TEST_F(RootDirTest, MakesDirectoriesThroughLinksInside) {
  link("run", "/var/run");  // dangling: var does not exist
  root().make_dirs("/run/app");
  EXPECT_TRUE(exists("root/var/run/app"));
  link("up", "../../../../../../../tmp/x");
  root().make_dirs("/up/y");
  EXPECT_TRUE(exists("root/tmp/x/y"));
  link("host", base_ + "/outside");
  root().make_dirs("/host/new");
  EXPECT_TRUE(exists("root" + base_ + "/outside/new"));
}

TEST_F(RootDirTest, MakesFiles) {
  root().make_file("/x/y/file");
  EXPECT_TRUE(fs::is_regular_file(base_ + "/root/x/y/file"));
  link("hosts", base_ + "/outside/hosts");
  root().make_file("/hosts");
  EXPECT_FALSE(exists("outside/hosts"));
  EXPECT_TRUE(exists("root" + base_ + "/outside/hosts"));
}

TEST_F(RootDirTest, TakesAFileThatIsThereAndLeavesItsContent) {
  root().make_file("/etc/name");
  EXPECT_EQ(read_file(AT_FDCWD, base_ + "/root/etc/name"), "inside");
  EXPECT_EQ(message_of([&] { root().make_file("/etc"); }), "make file '/etc': is a directory");
  EXPECT_EQ(message_of([&] { root().make_dirs("/etc/name"); }),
            "open '/etc/name': not a directory");
  EXPECT_EQ(message_of([&] { root().make_dirs("/etc/name/x"); }),
            "open '/etc/name/x': not a directory");
}

TEST_F(RootDirTest, ALinkWhereARealDirectoryMustBeIsAnError) {
  link("proc", "/etc");
  EXPECT_EQ(message_of([&] { root().make_dirs("/proc", Last::real); }),
            "'/proc' is a symbolic link in the root file system");
  EXPECT_EQ(message_of([&] { root().make_file("/proc", Last::real); }),
            "'/proc' is a symbolic link in the root file system");
  root().make_dirs("/proc/x", Last::real);  // a link on the way is followed, inside
  EXPECT_TRUE(exists("root/etc/x"));
}

TEST_F(RootDirTest, CirclesEnd) {
  link("a", "b");
  link("b", "a");
  EXPECT_EQ(message_of([&] { root().make_dirs("/a/x"); }),
            "open '/a/x': too many levels of symbolic links");
}

TEST_F(RootDirTest, MagicLinksLeadNowhere) {
  const UniqueFd outside = open_dir(AT_FDCWD, base_ + "/outside");
  const RootDir host(open_dir(AT_FDCWD, "/"));
  const std::string magic = "/proc/self/fd/" + std::to_string(outside.get());
  EXPECT_EQ(message_of([&] { host.open(magic + "/name"); }),
            "open '" + magic + "/name': too many levels of symbolic links");
}

}  // namespace
}  // namespace berth::runtime::rootfs
