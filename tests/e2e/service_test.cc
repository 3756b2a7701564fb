// A bundle's runtime.json: what is there before the container and around it, and that all of it
// goes.
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <sstream>

#include "tests/e2e/runtime_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ServiceE2e : public RuntimeFixture {
 protected:
  void TearDown() override {
    RuntimeFixture::TearDown();
    std::filesystem::remove(bundle() + "/runtime.json");
    EXPECT_THAT(mounts(), IsEmpty());
    for (const std::string& mount : mounts()) ::umount2(mount.c_str(), MNT_DETACH);
    for (const auto& top : tops_of_cgroups()) {
      std::error_code ignored;
      std::filesystem::remove(top / group() / "a", ignored);
      std::filesystem::remove(top / group(), ignored);
    }
  }
  static void service(const json& wanted) {
    std::ofstream(bundle() + "/runtime.json") << wanted.dump();
  }
  std::string path(const std::string& name) const { return folder_.path() + "/" + name; }
  // Mount points below this test's folder.
  std::vector<std::string> mounts() const {
    std::vector<std::string> found;
    std::istringstream lines(read_file(AT_FDCWD, "/proc/self/mountinfo", size_t{64} << 20));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line);
      std::string word;
      for (int i = 0; i < 5; ++i) words >> word;
      if (word.starts_with(folder_.path() + "/")) found.insert(found.begin(), word);
    }
    return found;
  }
  static std::string mount_line(const std::string& at) {
    std::istringstream lines(read_file(AT_FDCWD, "/proc/self/mountinfo", size_t{64} << 20));
    for (std::string line; std::getline(lines, line);) {
      if (line.find(" " + at + " ") != std::string::npos) return line;
    }
    return {};
  }
  // What is in this test's folder beside the runtime's state.
  std::vector<std::string> left() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      if (entry.path().filename() != "state") found.push_back(entry.path());
    }
    return found;
  }
  std::string group() const { return "berth_test_" + folder_.name(); }
  size_t groups(const std::string& name) const {
    size_t count = 0;
    for (const auto& top : tops_of_cgroups()) count += std::filesystem::exists(top / name) ? 1 : 0;
    return count;
  }
};

TEST_F(ServiceE2e, AllOfItIsThereAndGoes) {
  script("test -e /etc && exec sleep 300");
  service({{"cgroups", {"/" + group() + "/a"}},
           {"mounts",
            {{{"destination", path("m/tmp")},
              {"type", "tmpfs"},
              {"source", "mine"},
              {"options", {"size=64k", "noexec", "nosuid", "ro"}}},
             {{"destination", path("m/over")},
              {"type", "overlay"},
              {"source", "overlay"},
              {"options",
               {"lowerdir=" + bundle() + "/rootfs", "upperdir=" + path("m/upper"),
                "workdir=" + path("m/work")}}},
             {{"destination", path("m/bound")},
              {"source", bundle() + "/rootfs"},
              {"options", {"bind", "ro", "noatime"}}},
             {{"destination", path("m/file")},
              {"source", bundle() + "/config.json"},
              {"options", {"bind"}}}}},
           {"mkdir", {path("made/by/it"), path("m/bound")}},
           {"bindNS",
            {{"net", path("ns/net")},
             {"mnt", path("ns/mnt")},
             {"pid", path("ns/pid")},
             {"uts", path("ns/uts")},
             {"ipc", path("ns/ipc")},
             {"cgroup", path("ns/cgroup")}}}});
  const std::string c = id();
  const Ran made = berth({"create", "-b", bundle(), c});
  ASSERT_EQ(made.status, 0) << made;
  EXPECT_THAT(mount_line(path("m/tmp")), HasSubstr(" ro,nosuid,noexec"));
  EXPECT_THAT(mount_line(path("m/tmp")), HasSubstr(" - tmpfs mine rw,size=64k"));
  EXPECT_THAT(mount_line(path("m/over")), HasSubstr(" - overlay "));
  EXPECT_THAT(mount_line(path("m/bound")), AllOf(HasSubstr(" ro,"), HasSubstr("noatime")));
  EXPECT_EQ(read_file(AT_FDCWD, path("m/file")), read_file(AT_FDCWD, bundle() + "/config.json"));
  struct stat st {};
  ASSERT_EQ(::stat(path("made/by/it").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0755U);
  EXPECT_EQ(groups(group() + "/a"), tops_of_cgroups().size()) << "in every hierarchy";

  const std::string pid = std::to_string(state(c).value("pid", 0));
  for (const std::string kind : {"net", "mnt", "pid", "uts", "ipc", "cgroup"}) {
    struct stat bound {
    }, own{};
    ASSERT_EQ(::stat(path("ns/" + kind).c_str(), &bound), 0) << kind;
    ASSERT_EQ(::stat(("/proc/" + pid + "/ns/" + kind).c_str(), &own), 0) << kind;
    EXPECT_EQ(bound.st_ino, own.st_ino) << kind;
  }
  ASSERT_EQ(berth({"start", c}).status, 0);
  const Ran gone = berth({"delete", "--force", "--remove-cgroups", c});
  EXPECT_EQ(gone.status, 0) << gone;
  EXPECT_EQ(gone.err, "");
  EXPECT_THAT(mounts(), IsEmpty());
  EXPECT_THAT(left(), IsEmpty());
  EXPECT_EQ(groups(group()), 0U);
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(ServiceE2e, CgroupsStayForOthersUnlessTheyAreToGo) {
  script("true");
  service({{"cgroups", {group() + "/a"}}});
  ASSERT_EQ(berth({"run", "-b", bundle(), id()}).status, 0);
  EXPECT_EQ(groups(group() + "/a"), tops_of_cgroups().size());
  ASSERT_EQ(berth({"run", "--remove-cgroups", "-b", bundle(), id("b")}).status, 0);
  EXPECT_EQ(groups(group() + "/a"), tops_of_cgroups().size()) << "it was there before this one";
}

// On v1: of three hierarchies one has the group before, and one the group above it.
TEST_F(ServiceE2e, OfV1sCgroupsWhatWasMadeGoes) {
  const std::vector<std::filesystem::path> tops = tops_of_cgroups();
  if (tops.size() < 3) GTEST_SKIP() << "one hierarchy has all of a group or nothing";
  script("true");
  service({{"cgroups", {group() + "/a"}}});
  for (size_t i = 0; i < tops.size(); i += 3) {
    std::filesystem::create_directories(tops[i] / group() / "a");
    if (i + 1 < tops.size()) std::filesystem::create_directory(tops[i + 1] / group());
  }
  const Ran gone = berth({"run", "--remove-cgroups", "-b", bundle(), id()});
  ASSERT_EQ(gone.status, 0) << gone;
  EXPECT_EQ(gone.err, "");
  for (size_t i = 0; i < tops.size(); ++i) {
    EXPECT_EQ(std::filesystem::exists(tops[i] / group() / "a"), i % 3 == 0) << tops[i];
    EXPECT_EQ(std::filesystem::exists(tops[i] / group()), i % 3 != 2) << tops[i];
  }
}

// As where systemd is: mounts of the host show in other mount namespaces.
TEST_F(ServiceE2e, AMountNamespaceIsBoundBelowASharedMountToo) {
  script("exec sleep 300");
  const std::string shared = path("shared");
  std::filesystem::create_directory(shared);
  ASSERT_EQ(::mount("t", shared.c_str(), "tmpfs", 0, nullptr), 0) << errno_text(errno);
  ASSERT_EQ(::mount(nullptr, shared.c_str(), nullptr, MS_SHARED, nullptr), 0);
  service({{"bindNS", {{"mnt", shared + "/mnt"}}}});
  const std::string c = id();
  {
    Running other(
        {"unshare", "--mount", "--propagation", "unchanged", "sh", "-c", "echo in; exec sleep 60"});
    for (int i = 0; i < 1000 && other.out_so_far().empty(); ++i) ::usleep(10'000);
    const Ran made = berth({"create", "-b", bundle(), c});
    EXPECT_EQ(made.status, 0) << made;
    EXPECT_THAT(mount_line(shared + "/mnt"), HasSubstr(" " + shared + "/mnt "));
    EXPECT_EQ(berth({"delete", "--force", c}).err, "");
    EXPECT_THAT(mounts(), testing::ElementsAre(shared));
  }
  EXPECT_EQ(::umount2(shared.c_str(), MNT_DETACH), 0);
}

TEST_F(ServiceE2e, AFailureHalfWayUndoesTheFirstHalf) {
  script("true");
  service({{"cgroups", {group() + "/a"}},
           {"mounts",
            {{{"destination", path("m/tmp")}, {"type", "tmpfs"}, {"source", "t"}},
             {{"destination", path("m/none")}, {"type", "no_such_fs"}, {"source", "t"}}}},
           {"mkdir", {path("never")}}});
  const std::string c = id();
  const Ran failed = berth({"run", "-b", bundle(), c});
  EXPECT_EQ(failed.status, 1);
  EXPECT_EQ(failed.err, "berth: mount '" + path("m/none") +
                            "': this kernel has no file system of type 'no_such_fs': no such "
                            "device\n");
  EXPECT_THAT(mounts(), IsEmpty());
  EXPECT_THAT(left(), IsEmpty());
  EXPECT_EQ(groups(group()), 0U);
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(ServiceE2e, ALinkIsNoDestination) {
  script("true");
  std::filesystem::create_directory(path("real"));
  std::filesystem::create_symlink(path("real"), path("link"));
  service({{"mounts", {{{"destination", path("link")}, {"type", "tmpfs"}, {"source", "t"}}}}});
  const Ran failed = berth({"run", "-b", bundle(), id()});
  EXPECT_EQ(failed.status, 1);
  EXPECT_EQ(failed.err,
            "berth: mount '" + path("link") + "': the destination is a symbolic link\n");
  EXPECT_THAT(mounts(), IsEmpty());
}

TEST_F(ServiceE2e, AContainerThatFailsTakesItAllBack) {
  script("true");
  configure([](json& config) { config["process"]["args"] = {"/no/such/program"}; });
  service({{"mounts", {{{"destination", path("m")}, {"type", "tmpfs"}, {"source", "t"}}}},
           {"bindNS", {{"net", path("net")}}}});
  const std::string c = id();
  EXPECT_NE(berth({"run", "-b", bundle(), c}).status, 0);
  EXPECT_THAT(mounts(), IsEmpty());
  EXPECT_THAT(left(), IsEmpty());
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(ServiceE2e, WhatCannotBeTakenBackIsSaid) {
  script("exec sleep 300");
  service({{"mkdir", {path("kept")}}});
  const std::string c = id();
  ASSERT_EQ(berth({"create", "-b", bundle(), c}).status, 0);
  folder_.write("kept/data", "mine");
  const Ran gone = berth({"delete", "--force", c});
  EXPECT_EQ(gone.status, 0);
  EXPECT_EQ(gone.err, "berth: could not remove '" + path("kept") + "': directory not empty\n");
  EXPECT_EQ(read_file(AT_FDCWD, path("kept/data")), "mine");
}

TEST_F(ServiceE2e, AFileThatIsWrongIsRefusedBeforeAnythingIsMade) {
  script("true");
  service({{"mkdir", {path("never")}}, {"mounts", {{{"destination", "/x"}, {"opts", 1}}}}});
  const std::string c = id();
  const Ran refused = berth({"run", "-b", bundle(), c});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("runtime.json: mounts[0].opts: unknown key; allowed are"));
  EXPECT_THAT(left(), IsEmpty());
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(ServiceE2e, AUserIsRefused) {
  script("true");
  service({{"mkdir", {path("never")}}});
  RunOptions as_user;
  as_user.user = "nobody";
  const std::string root_of_user = "/tmp/" + folder_.name() + "_none";
  const Ran refused = run({kBerth, "--root", root_of_user, "run", "-b", bundle(), "x"}, as_user);
  EXPECT_TRUE(std::filesystem::remove(root_of_user)) << "nothing but the empty state root is left";
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("runtime.json: for root alone: it changes the host"));
}

TEST_F(ServiceE2e, ALaunchHasItToo) {
  service({{"mounts", {{{"destination", path("m")}, {"type", "tmpfs"}, {"source", "t"}}}},
           {"mkdir", {path("m/in")}},
           {"bindNS", {{"pid", path("pid")}}}});
  Running launch({kBerth, "launch", "-b", bundle(), "--", "sh", "-c",
                  "trap 'exit 4' TERM; echo up; while :; do sleep 0.1; done"});
  const auto is_up = [&] { return mounts().size() == 2 && launch.out_so_far() == "up\n"; };
  for (int i = 0; i < 1000 && !is_up(); ++i) ::usleep(10'000);
  EXPECT_THAT(mounts(), SizeIs(2));
  EXPECT_TRUE(std::filesystem::exists(path("m/in")));
  ASSERT_EQ(::kill(launch.pid(), SIGTERM), 0);
  const Ran ended = launch.wait();
  EXPECT_EQ(ended.status, 4);
  EXPECT_EQ(ended.err, "");
  EXPECT_THAT(mounts(), IsEmpty());
  EXPECT_THAT(left(), IsEmpty());
  service({{"cgroups", {group() + "/a"}}});
  ASSERT_EQ(run({kBerth, "launch", "-b", bundle(), "--", "true"}).status, 0);
  EXPECT_EQ(groups(group() + "/a"), tops_of_cgroups().size());
  for (const auto& top : tops_of_cgroups()) {
    std::filesystem::remove(top / group() / "a");
    std::filesystem::remove(top / group());
  }
  const Ran removed = run({kBerth, "launch", "--remove-cgroups", "-b", bundle(), "--", "true"});
  EXPECT_EQ(removed.status, 0) << removed;
  EXPECT_EQ(groups(group()), 0U);
  service({{"bindNS", {{"pid", path("pid")}}}});
  const Ran two = run({kBerth, "launch", "-n2", "-b", bundle(), "--", "true"});
  EXPECT_EQ(two.status, 125);
  EXPECT_THAT(two.err, HasSubstr("runtime.json: bindNS and interfaces: of one task, and not of 2"));
}

TEST_F(ServiceE2e, WhatALaunchThatWasKilledLeftIsReaped) {
  service({{"mounts", {{{"destination", path("m")}, {"type", "tmpfs"}, {"source", "t"}}}}});
  {
    Running launch({kBerth, "launch", "-b", bundle(), "--", "sleep", "60"});
    for (int i = 0; i < 1000 && mounts().empty(); ++i) ::usleep(10'000);
    ASSERT_EQ(::kill(launch.pid(), SIGKILL), 0);
    (void)launch.wait();
  }
  EXPECT_THAT(mounts(), SizeIs(1));
  const Ran reaped = run({kBerth, "reap"});
  EXPECT_THAT(reaped.out, HasSubstr("took back what the runtime.json of 'launch_"));
  EXPECT_THAT(mounts(), IsEmpty());
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(ServiceE2e, ThePolicyMayForbidIt) {
  script("true");
  service({{"mkdir", {path("never")}}});
  folder_.write("policy", R"({"runtimeJson": false})");
  const std::string with_a_policy =
      "mount -t tmpfs t /etc && mkdir /etc/berth && cp \"$1\" /etc/berth/policy.json && "
      "rm \"$1\" && exec \"$2\" --root \"$3\" run -b \"$4\" x";
  const Ran refused = run({"unshare", "--mount", "sh", "-c", with_a_policy, "sh", path("policy"),
                           kBerth, root(), bundle()});
  EXPECT_EQ(refused.status, 1);
  EXPECT_EQ(refused.err,
            "berth: bundle '" + bundle() + "': runtime.json: the policy's runtimeJson is false\n");
  EXPECT_THAT(left(), IsEmpty());
}

}  // namespace
}  // namespace berth::test
