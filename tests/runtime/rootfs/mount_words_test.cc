// Each option word, as the container sees it in its own mountinfo.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "tests/runtime/rootfs/bundle.h"

namespace berth::runtime::rootfs {
namespace {

using ::testing::HasSubstr;

// The three parts of a line of mountinfo that options show in.
struct Seen {
  std::string flags, propagation, super;
};
Seen parse(const std::string& line) {
  std::istringstream fields(line);
  std::string word;
  Seen seen;
  for (int i = 0; i < 5; ++i) fields >> word;
  fields >> seen.flags;
  while (fields >> word && word != "-") {
    if (word.starts_with("propagate_from:")) continue;  // who else there is on the way
    seen.propagation += (seen.propagation.empty() ? "" : " ") + word.substr(0, word.find(':'));
  }
  fields >> word >> word >> seen.super;
  return seen;
}

bool has(const std::string& options, const std::string& word) {
  return ("," + options + ",").find("," + word + ",") != std::string::npos;
}

// A tmpfs, in a mount namespace of this process' own.
void mount_privately(const std::string& dir) {
  check(::unshare(CLONE_NEWNS), "unshare");
  check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make private");
  check(::mount("t", dir.c_str(), "tmpfs", 0, "mode=755"), "mount", dir);
}

// Peers that nobody else has are no peers.
void keep_mount_namespace() {
  (void)open_file(AT_FDCWD, "/proc/self/ns/mnt", O_RDONLY).release();
}

struct Word {
  std::vector<const char*> options;
  const char* on_bind;     // shown, or with a `!` not shown; empty for nothing of it
  const char* on_tmpfs;    // the same of a new file system
  const char* super = "";  // what the new file system itself shows
};

const Word kWords[] = {
    {{"ro"}, "ro", "ro"},
    {{"rw"}, "rw", "rw"},
    {{"ro", "rw"}, "rw", "rw"},
    {{"rro"}, "ro", "ro"},
    {{"ro", "rro"}, "ro", "ro"},
    {{"rrw"}, "rw", "rw"},
    {{"nosuid"}, "nosuid", "nosuid"},
    {{"suid"}, "!nosuid", "!nosuid"},
    {{"rnosuid"}, "nosuid", "nosuid"},
    {{"rsuid"}, "!nosuid", "!nosuid"},
    {{"nodev"}, "nodev", "nodev"},
    {{"dev"}, "!nodev", "!nodev"},
    {{"rnodev"}, "nodev", "nodev"},
    {{"rdev"}, "!nodev", "!nodev"},
    {{"noexec"}, "noexec", "noexec"},
    {{"exec"}, "!noexec", "!noexec"},
    {{"rnoexec"}, "noexec", "noexec"},
    {{"rexec"}, "!noexec", "!noexec"},
    {{"nosymfollow"}, "nosymfollow", "nosymfollow"},
    {{"nosymfollow", "symfollow"}, "!nosymfollow", "!nosymfollow"},
    {{"rnosymfollow"}, "nosymfollow", "nosymfollow"},
    {{"noatime"}, "noatime", "noatime"},
    {{"atime"}, "relatime", "relatime"},
    {{"relatime"}, "relatime", "relatime"},
    {{"norelatime"}, "relatime", "relatime"},
    {{"strictatime"}, "!relatime", "!relatime"},
    {{"strictatime", "nostrictatime"}, "relatime", "relatime"},
    {{"rnoatime"}, "noatime", "noatime"},
    {{"ratime"}, "relatime", "relatime"},
    {{"rrelatime"}, "relatime", "relatime"},
    {{"rnorelatime"}, "relatime", "relatime"},
    {{"rstrictatime"}, "!relatime", "!relatime"},
    {{"rnostrictatime"}, "relatime", "relatime"},
    {{"nodiratime"}, "nodiratime", "nodiratime"},
    {{"nodiratime", "diratime"}, "!nodiratime", "!nodiratime"},
    {{"rnodiratime"}, "nodiratime", "nodiratime"},
    {{"rdiratime"}, "!nodiratime", "!nodiratime"},
    {{"sync"}, "!ro", "rw", "sync"},
    {{"rsync"}, "!ro", "rw", "sync"},
    {{"async", "rasync"}, "!ro", "rw", "!sync"},
    {{"dirsync"}, "!ro", "rw", "dirsync"},
    {{"rdirsync"}, "!ro", "rw", "dirsync"},
    {{"lazytime"}, "!ro", "rw", "lazytime"},
    {{"nolazytime"}, "!ro", "rw", "!lazytime"},
    {{"iversion", "noiversion"}, "!ro", "rw"},
    {{"nomand", "rnomand"}, "!ro", "rw", "!mand"},
    {{"defaults", "silent", "loud"}, "!ro", "rw"},
    {{"nosuid", "nodev", "noexec", "ro"}, "noexec", "nodev"},
};

bool changes_times(const Word& word) {
  const std::string_view shown = word.on_bind;
  return shown == "noatime" || shown == "nodiratime" || shown == "!relatime";
}

using Case = std::tuple<As, Word>;
class MountWord : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!can_unshare()) GTEST_SKIP() << "unshare: " << errno_text(errno);
    bundle_.dir("data");
    bundle_.usual_mounts();
    bundle_.on_host = [this] {  // a source without flags of its own
      mount_privately(bundle_.path() + "/data");
      bundle_.file("data/file");
    };
  }
  std::vector<std::string> words(const char* first) const {
    std::vector<std::string> all(std::get<1>(GetParam()).options.begin(),
                                 std::get<1>(GetParam()).options.end());
    if (first != nullptr) all.insert(all.begin(), first);
    return all;
  }
  static void expect(const std::string& wanted, const std::string& options,
                     const std::string& line) {
    if (wanted.empty()) return;
    const bool shown = wanted[0] != '!';
    EXPECT_EQ(has(options, shown ? wanted : wanted.substr(1)), shown) << wanted << ": " << line;
  }
  Bundle bundle_;
};
INSTANTIATE_TEST_SUITE_P(Words, MountWord,
                         ::testing::Combine(::testing::Values(As::root, As::root_for_user),
                                            ::testing::ValuesIn(kWords)),
                         [](const auto& param) {
                           std::string name = name_of(std::get<0>(param.param));
                           for (const char* word : std::get<1>(param.param).options) {
                             name += std::string("_") + word;
                           }
                           return name;
                         });

// When it notes access times is locked on a mount of the host's.
TEST_P(MountWord, ShowsInTheContainer) {
  const Word& word = std::get<1>(GetParam());
  if (std::get<0>(GetParam()) != As::root && changes_times(word)) {
    bundle_.mount("/bind", "bind", "data", words("bind"));
    EXPECT_THAT(bundle_.enter(std::get<0>(GetParam())).error, HasSubstr("may not take the host's"));
    return;
  }
  bundle_.mount("/bind", "bind", "data", words("bind"));
  bundle_.mount("/file", "bind", "data/file", words("bind"));
  bundle_.mount("/new", "tmpfs", "tmpfs", words(nullptr));
  const std::string bind = "/bind", file = "/file", made = "/new";
  const Result result = bundle_.enter(std::get<0>(GetParam()), [&] {
    return mount_line(bind) + "\n" + mount_line(file) + "\n" + mount_line(made);
  });
  EXPECT_EQ(result.error, "");
  std::istringstream lines(result.report);
  std::string line;
  for (const char* wanted : {word.on_bind, word.on_bind, word.on_tmpfs}) {
    std::getline(lines, line);
    expect(wanted, parse(line).flags, line);
  }
  expect(word.super, parse(line).super, line);
}

struct Below {
  const char* word;
  const char* top;
  const char* below;
};
class MountsBelow : public ::testing::TestWithParam<std::tuple<As, Below>> {};
INSTANTIATE_TEST_SUITE_P(
    Words, MountsBelow,
    ::testing::Combine(::testing::Values(As::root, As::root_for_user),
                       ::testing::Values(Below{"ro", "ro", "rw"}, Below{"rro", "ro", "ro"},
                                         Below{"nosuid", "nosuid", "!nosuid"},
                                         Below{"rnosuid", "nosuid", "nosuid"},
                                         Below{"rnodev", "nodev", "nodev"},
                                         Below{"rnoexec", "noexec", "noexec"},
                                         Below{"rnosymfollow", "nosymfollow", "nosymfollow"})));

TEST_P(MountsBelow, AreMeantByTheRecursiveWordAlone) {
  if (!can_unshare()) GTEST_SKIP() << "unshare: " << errno_text(errno);
  const auto& [as, words] = GetParam();
  Bundle bundle;
  bundle.usual_mounts();
  bundle.dir("data/below");
  bundle.on_host = [&] { mount_privately(bundle.path() + "/data/below"); };
  bundle.mount("/there", "bind", "data", {"rbind", words.word});
  const Result result =
      bundle.enter(as, [] { return mount_line("/there") + "\n" + mount_line("/there/below"); });
  EXPECT_EQ(result.error, "");
  std::istringstream lines(result.report);
  for (const std::string wanted : {words.top, words.below}) {
    std::string line;
    std::getline(lines, line);
    const bool shown = wanted[0] != '!';
    EXPECT_EQ(has(parse(line).flags, shown ? wanted : wanted.substr(1)), shown) << line;
  }
}

struct PropagationWord {
  const char* word;
  const char* shown;
  const char* shown_below;
};
class MountPropagation : public ::testing::TestWithParam<std::tuple<As, PropagationWord>> {};
INSTANTIATE_TEST_SUITE_P(
    Words, MountPropagation,
    ::testing::Combine(
        ::testing::Values(As::root, As::root_for_user),
        ::testing::Values(PropagationWord{"private", "", "master"},
                          PropagationWord{"rprivate", "", ""},
                          PropagationWord{"slave", "master", "master"},
                          PropagationWord{"rslave", "master", "master"},
                          PropagationWord{"shared", "shared master", "master"},
                          PropagationWord{"rshared", "shared master", "shared master"},
                          PropagationWord{"unbindable", "unbindable", "master"},
                          PropagationWord{"runbindable", "unbindable", "unbindable"})));

// The host's mounts are shared; what is said about them in the container never reaches them.
TEST_P(MountPropagation, OfABind) {
  if (!can_unshare()) GTEST_SKIP() << "unshare: " << errno_text(errno);
  const auto& [as, words] = GetParam();
  Bundle bundle;
  bundle.usual_mounts();
  bundle.dir("data/below");
  bundle.on_host = [&] {
    const std::string data = bundle.path() + "/data";
    mount_privately(data);
    check(::mkdir((data + "/below").c_str(), 0755), "mkdir");
    check(::mount("t", (data + "/below").c_str(), "tmpfs", 0, nullptr), "mount");
    check(::mount(nullptr, data.c_str(), nullptr, MS_REC | MS_SHARED, nullptr), "make shared");
    keep_mount_namespace();
  };
  bundle.mount("/there", "bind", "data", {"rbind", words.word});
  const Result result =
      bundle.enter(as, [] { return mount_line("/there") + "\n" + mount_line("/there/below"); });
  EXPECT_EQ(result.error, "");
  std::istringstream lines(result.report);
  for (const char* wanted : {words.shown, words.shown_below}) {
    std::string line;
    std::getline(lines, line);
    EXPECT_EQ(parse(line).propagation, wanted) << line;
  }
}

struct RootWord {
  const char* word;
  const char* shown;        // of the root where the host's mounts are shared
  const char* shown_mount;  // of a bind without a word, from the same mount as the root
};
class RootfsPropagation : public ::testing::TestWithParam<std::tuple<As, RootWord>> {};
INSTANTIATE_TEST_SUITE_P(
    Words, RootfsPropagation,
    ::testing::Combine(::testing::Values(As::root, As::root_for_user),
                       ::testing::Values(RootWord{"", "master", "master"},
                                         RootWord{"private", "", ""}, RootWord{"rprivate", "", ""},
                                         RootWord{"slave", "master", "master"},
                                         RootWord{"rslave", "master", "master"},
                                         RootWord{"shared", "shared", ""},
                                         RootWord{"rshared", "shared", "shared"},
                                         RootWord{"unbindable", "unbindable", "master"},
                                         RootWord{"runbindable", "unbindable", "unbindable"})));

TEST_P(RootfsPropagation, IsThatOfTheRoot) {
  if (!can_unshare()) GTEST_SKIP() << "unshare: " << errno_text(errno);
  const auto& [as, words] = GetParam();
  Bundle bundle;
  bundle.usual_mounts();
  bundle.dir("data");
  bundle.spec.linux_.rootfs_propagation = words.word;
  bundle.mount("/there", "bind", "data", {"bind"});
  bundle.on_host = [] {
    check(::unshare(CLONE_NEWNS), "unshare");
    check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make private");
    check(::mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr), "make shared");
    keep_mount_namespace();
  };
  const Result result =
      bundle.enter(as, [] { return mount_line("/") + "\n" + mount_line("/there"); });
  EXPECT_EQ(result.error, "");
  std::istringstream lines(result.report);
  for (const char* wanted : {words.shown, words.shown_mount}) {
    std::string line;
    std::getline(lines, line);
    EXPECT_EQ(parse(line).propagation, wanted) << line;
  }
}

}  // namespace
}  // namespace berth::runtime::rootfs
