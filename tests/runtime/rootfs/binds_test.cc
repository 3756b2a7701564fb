// Where binds come from and where they go to.
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/fd.h"
#include "tests/runtime/rootfs/bundle.h"

namespace berth::runtime::rootfs {
namespace fs = std::filesystem;
namespace {

using ::testing::HasSubstr;

class Binds : public ::testing::TestWithParam<As> {
 protected:
  void SetUp() override {
    if (!can_unshare()) GTEST_SKIP() << "unshare: " << errno_text(errno);
  }
  Result enter(const std::function<std::string()>& inside = [] { return std::string(); }) {
    return bundle_.enter(GetParam(), inside);
  }
  bool is_root() const { return GetParam() == As::root; }
  Bundle bundle_;
};
INSTANTIATE_TEST_SUITE_P(As, Binds, ::testing::ValuesIn(kEveryone),
                         [](const auto& param) { return name_of(param.param); });

TEST_P(Binds, ASourceInTheRootFileSystemIsTheContainers) {
  bundle_.usual_mounts();
  bundle_.file("data/below/file", "data");
  bundle_.file("rootfs/mnt/below/file", "the image's");
  bundle_.mount("/mnt", "bind", "data", {"bind"});
  bundle_.mount("/whole", "bind", bundle_.rootfs() + "/mnt/below", {"bind"});
  bundle_.mount("/relative", "bind", "rootfs/mnt/below", {"bind"});
  bundle_.mount("/later/t", "tmpfs", "tmpfs", {"size=64k"});
  bundle_.mount("/copy", "bind", "rootfs/later", {"rbind"});
  const Result result = enter([] {
    return content("/whole/file") + " " + content("/relative/file") + " " +
           (writable("/copy/t") && mount_line("/copy/t").find("tmpfs") != std::string::npos
                ? "mounted"
                : "not there");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "data data mounted");
}

TEST_P(Binds, ASourceInTheRootFileSystemNeverLeadsOut) {
  bundle_.file("outside/file", "the host's");
  bundle_.link("rootfs/out", bundle_.path() + "/outside");
  bundle_.mount("/x", "bind", bundle_.rootfs() + "/out/file", {"bind"});
  EXPECT_EQ(enter().error, "mount '/x': open '/out/file': no such file or directory");
}

TEST_P(Binds, ADestinationMayBeginWithTheRootFileSystem) {
  bundle_.file("data/file", "data");
  bundle_.mount(bundle_.rootfs() + "/mnt", "bind", "data", {"bind"});
  const Result result = enter([] { return content("/mnt/file"); });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "data");
}

TEST_P(Binds, ThroughALinkToWhatIsMissing) {
  bundle_.usual_mounts();
  bundle_.file("data/file", "data");
  bundle_.link("rootfs/jump", "/tmp/foo/bar");
  bundle_.link("rootfs/etc/hosts", "/jump/baz/hosts");
  bundle_.link("rootfs/etc/dir", "/made/dir");
  bundle_.mount("/etc/hosts", "bind", "data/file", {"bind"});
  bundle_.mount("/etc/dir", "bind", "data", {"bind"});
  const Result result = enter([] {
    return content("/etc/hosts") + " " + content("/etc/dir/file") + " " +
           (mount_line("/tmp/foo/bar/baz/hosts").empty() ? "elsewhere" : "there") + " " +
           (mount_line("/made/dir").empty() ? "elsewhere" : "there");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "data data there there");
}

TEST_P(Binds, ASourceThatIsALinkIsFollowed) {
  bundle_.file("data/file", "data");
  bundle_.link("link", "data");
  bundle_.link("dangling", "nowhere");
  bundle_.mount("/mnt", "bind", "link", {"bind"});
  const Result result = enter([] { return content("/mnt/file"); });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "data");
  bundle_.mount("/x", "bind", "dangling", {"bind"});
  EXPECT_EQ(enter().error, "mount '/x': open_tree 'dangling': no such file or directory");
}

std::string link_at(const std::string& path) {
  std::error_code failed;
  return fs::read_symlink(path, failed).string();
}

TEST_P(Binds, ALinkMayBeCopied) {
  bundle_.link("dangling", "nowhere/at/all");
  bundle_.file("file", "data");
  bundle_.mount("/new/link", "bind", "dangling", {"rbind", "copy-symlink"});
  bundle_.mount("/file", "bind", "file", {"rbind", "copy-symlink"});
  for (int start = 0; start < 2; ++start) {  // the second finds it
    const Result result = enter([] { return link_at("/new/link") + " " + content("/file"); });
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(result.report, "nowhere/at/all data");
  }
  bundle_.link("rootfs/other", "elsewhere");
  bundle_.mount("/other", "bind", "dangling", {"copy-symlink"});
  EXPECT_EQ(enter().error, "mount '/other': '/other' is there and is no link to 'nowhere/at/all'");
}

TEST_P(Binds, LinksMayBeMeantThemselves) {
  bundle_.file("file", "data");
  bundle_.link("link", "file");
  bundle_.link("rootfs/covered", "nowhere");
  bundle_.link("rootfs/bound", "nowhere");
  bundle_.mount("/covered", "bind", "link", {"bind", "dest-nofollow"});
  bundle_.mount("/bound", "bind", "link", {"bind", "dest-nofollow", "src-nofollow"});
  bundle_.mount("/inside", "bind", "rootfs/bound", {"bind", "src-nofollow"});
  const Result result = enter([] {
    return content("/covered") + " " + link_at("/bound") + " " + link_at("/inside") + " " +
           (fs::exists("/nowhere") ? "made" : "untouched");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "data file file untouched");
}

TEST_P(Binds, SpecialFiles) {
  const std::string fifo = bundle_.path() + "/fifo", socket = bundle_.path() + "/socket";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0666), 0);
  const UniqueFd server(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(socket.size(), sizeof address.sun_path);
  std::memcpy(address.sun_path, socket.c_str(), socket.size());
  ASSERT_EQ(::bind(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  bundle_.mount("/run/fifo", "bind", "fifo", {"bind", "ro"});
  bundle_.mount("/run/socket", "bind", "socket", {"bind", "rro"});
  bundle_.mount("/run/device", "bind", "/dev/zero", {"bind"});
  const Result result = enter([] {
    return std::string(fs::is_fifo("/run/fifo") ? "fifo" : "") +
           (fs::is_socket("/run/socket") ? " socket" : "") +
           (fs::is_character_file("/run/device") ? " device" : "");
  });
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "fifo socket device");
}

TEST_P(Binds, AFileAndADirectoryDoNotFit) {
  bundle_.file("data/file", "data");
  bundle_.dir("rootfs/dir");
  bundle_.file("rootfs/file");
  bundle_.mount("/dir", "bind", "data/file", {"bind"});
  EXPECT_EQ(enter().error, "mount '/dir': make file '/dir': is a directory");
  bundle_.spec.mounts.clear();
  bundle_.mount("/file", "bind", "data", {"bind"});
  EXPECT_EQ(enter().error, "mount '/file': open '/file': not a directory");
}

// In a user namespace the host's flags are locked.
TEST_P(Binds, FlagsOfTheHostStay) {
  bundle_.usual_mounts();
  bundle_.dir("data");
  bundle_.on_host = [this] {
    check(::unshare(CLONE_NEWNS), "unshare");
    check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make private");
    const std::string data = bundle_.path() + "/data";
    check(
        ::mount("t", data.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, nullptr),
        "mount");
  };
  bundle_.mount("/plain", "bind", "data", {"bind"});
  bundle_.mount("/more", "bind", "data", {"bind", "nosymfollow", "noexec"});
  Result result = enter([] { return mount_line("/plain") + "\n" + mount_line("/more"); });
  EXPECT_EQ(result.error, "");
  EXPECT_THAT(result.report, HasSubstr(" /plain ro,nosuid,nodev,noexec,relatime"));
  EXPECT_THAT(result.report, HasSubstr(" /more ro,nosuid,nodev,noexec,relatime,nosymfollow"));
  for (const char* word : {"rw", "suid", "dev", "exec", "strictatime"}) {
    bundle_.spec.mounts.clear();
    bundle_.mount("/less", "bind", "data", {"bind", word});
    result = enter([] { return std::string("in"); });
    if (is_root()) {
      EXPECT_EQ(result.report, "in") << word << result.error;
    } else {
      EXPECT_EQ(result.error,
                "mount '/less': mount_setattr '/less': operation not permitted (a user namespace "
                "may not take the host's flags off a mount, nor its access times)")
          << word;
    }
  }
  // What is not there can be taken off.
  bundle_.spec.mounts.clear();
  bundle_.mount("/same", "bind", "data", {"bind", "ro", "symfollow", "relatime"});
  EXPECT_EQ(enter().error, "");
}

}  // namespace
}  // namespace berth::runtime::rootfs
