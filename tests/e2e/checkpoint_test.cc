// Containers that are saved in files and go on from them, by the program criu.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "tests/e2e/checkpoint_fixture.h"
#include "tests/support/lacking.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
namespace fs = std::filesystem;

TEST_F(Restore, GoesOnFromItsCountTenTimesInARow) {
  count();
  const std::string c = id();
  std::vector<int> all;
  auto running = std::make_unique<Running>(words({"run", "-b", bundle(), c}), with_criu());
  for (int round = 0; round < 10; ++round) {
    ASSERT_GE(await_numbers(*running, 3).size(), 3u)
        << "round " << round << ": " << running->wait();
    const Ran saved = ask({"checkpoint", "--image-path", images(), c});
    ASSERT_EQ(saved.status, 0) << "round " << round << ": " << saved;
    const Ran ended = running->wait();
    EXPECT_EQ(ended.status, 137) << ended;
    const std::vector<int> some = numbers(ended.out);
    all.insert(all.end(), some.begin(), some.end());
    EXPECT_THAT(remains(c), IsEmpty());
    running = std::make_unique<Running>(
        words({"restore", "--image-path", images(), "-b", bundle(), c}), with_criu());
  }
  ASSERT_GE(await_numbers(*running, 3).size(), 3u) << running->wait();
  EXPECT_EQ(await(c, "running"), "running");  // it counts before that is on the record
  EXPECT_EQ(ask({"kill", c, "KILL"}).status, 0);
  const std::vector<int> some = numbers(running->wait().out);
  all.insert(all.end(), some.begin(), some.end());
  EXPECT_EQ(all, from_to(1, static_cast<int>(all.size()))) << "none lost, none twice";
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(Restore, StoppedItCanBeDeletedOrGiveWay) {
  script("echo begun >/dev/null; while :; do sleep 0.1; done");
  const std::string c = id(), pid_file = folder_.path() + "/pid";
  configure([](json& config) {
    config["linux"]["resources"] = {{"pids", {{"limit", 9}}}};
    for (const char* const place : {"/mnt", "/opt"}) {
      config["mounts"].push_back({{"destination", place},
                                  {"type", "bind"},
                                  {"source", "/tmp"},
                                  {"options", {"rbind", "ro"}}});
    }
  });
  ASSERT_EQ(ask({"run", "-d", "-b", bundle(), c}).status, 0);
  const Ran saved = ask({"checkpoint", "--image-path", images(), "--work-path", images("w"), c});
  ASSERT_EQ(saved.status, 0) << saved;
  EXPECT_TRUE(fs::exists(images("w") + "/dump.log"));
  EXPECT_EQ(json::parse(read_file(AT_FDCWD, images() + "/descriptors.json")).size(), 3u);
  EXPECT_EQ(status(c), "stopped");

  const Ran restored =
      ask({"restore", "-d", "--image-path", images(), "--pid-file", pid_file, "-b", bundle(), c});
  ASSERT_EQ(restored.status, 0) << restored;
  const json now = state(c);
  EXPECT_EQ(now.value("status", ""), "running");
  const std::string pid = std::to_string(now.value("pid", 0));
  EXPECT_EQ(read_file(AT_FDCWD, pid_file), pid);
  const std::string group = read_file(AT_FDCWD, "/proc/" + pid + "/cgroup");
  EXPECT_THAT(group, EndsWith(c + "\n"));
  EXPECT_TRUE(fs::exists("/proc/" + pid + "/root/mnt"));
  const bool limited = std::ranges::any_of(remains(c), [](const std::string& place) {
    return read_file_if_exists(AT_FDCWD, place + "/pids.max") == "9\n";
  });
  EXPECT_TRUE(limited);
  EXPECT_EQ(ask({"exec", c, "cat", "/sys/class/net/lo/flags"}).out, "0x9\n") << "it is up";
  const std::string mounts = read_file(AT_FDCWD, "/proc/" + pid + "/mountinfo");
  for (const char* const place :
       {"/mnt", "/opt", "/proc/kcore", "/proc/keys", "/proc/timer_list"}) {
    EXPECT_THAT(mounts, HasSubstr(std::string(" ") + place + " ro,")) << "not writable";
  }

  ASSERT_EQ(ask({"checkpoint", "--image-path", images("again"), c}).status, 0);
  EXPECT_EQ(status(c), "stopped");
  EXPECT_EQ(ask({"delete", c}).status, 0);
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(Restore, IsInItsResctrlGroup) {
  if (const std::string why = lacks_resctrl(); !why.empty()) GTEST_SKIP() << why;
  script("exec sleep 300");
  configure([](json& config) { config["linux"]["intelRdt"]["l3CacheSchema"] = "L3:0=f;1=f"; });
  const std::string c = id(), group = "/sys/fs/resctrl/" + c;
  ASSERT_EQ(ask({"run", "-d", "-b", bundle(), c}).status, 0);
  const auto restored = [&](const std::string& folder) {
    const Ran ran = ask({"restore", "-d", "--image-path", folder, "-b", bundle(), c});
    EXPECT_EQ(ran.status, 0) << ran;
    return std::to_string(state(c).value("pid", 0)) + "\n";
  };
  ASSERT_EQ(ask({"checkpoint", "--image-path", images(), c}).status, 0);
  EXPECT_TRUE(fs::exists(group)) << "it goes when the container is deleted";
  const std::string first = restored(images());
  EXPECT_EQ(read_file(AT_FDCWD, group + "/tasks"), first);
  ASSERT_EQ(ask({"checkpoint", "--image-path", images(), c}).status, 0);
  ASSERT_EQ(ask({"delete", c}).status, 0);
  EXPECT_FALSE(fs::exists(group));
  const std::string second = restored(images());
  EXPECT_EQ(read_file(AT_FDCWD, group + "/tasks"), second);
  EXPECT_THAT(read_file(AT_FDCWD, group + "/schemata"), ContainsRegex("L3:0=0*f;1=0*f"));
  EXPECT_EQ(ask({"delete", "-f", c}).status, 0);
  EXPECT_FALSE(fs::exists(group));
}

TEST_F(Restore, LeftRunningItGoesOnAndCanBeRestoredLater) {
  count();
  const std::string c = id();
  Running running(words({"run", "-b", bundle(), c}), with_criu());
  ASSERT_GE(await_numbers(running, 3).size(), 3u) << running.wait();
  const Ran saved = ask({"checkpoint", "--leave-running", "--image-path", images(), c});
  ASSERT_EQ(saved.status, 0) << saved;
  EXPECT_EQ(status(c), "running");
  const size_t then = numbers(running.out_so_far()).size();
  EXPECT_GT(await_numbers(running, then + 3).size(), then + 2);
  EXPECT_EQ(ask({"kill", c, "KILL"}).status, 0);
  const std::vector<int> all = numbers(running.wait().out);

  Running later(words({"restore", "--image-path", images(), "-b", bundle(), c}), with_criu());
  const std::vector<int> more = await_numbers(later, 3);
  ASSERT_GE(more.size(), 3u) << later.wait();
  EXPECT_GT(more.front(), 3);
  EXPECT_LT(more.front(), static_cast<int>(all.size())) << "from when it was saved";
}

TEST_F(Restore, APreDumpIsTheParentOfADump) {
  count();
  const std::string c = id();
  Running running(words({"run", "-b", bundle(), c}), with_criu());
  ASSERT_GE(await_numbers(running, 3).size(), 3u) << running.wait();
  const Ran first = ask({"checkpoint", "--pre-dump", "--image-path", images("one"), c});
  ASSERT_EQ(first.status, 0) << first;
  EXPECT_EQ(status(c), "running");
  const Ran second =
      ask({"checkpoint", "--parent-path", "../one", "--image-path", images("two"), c});
  ASSERT_EQ(second.status, 0) << second;
  EXPECT_TRUE(fs::is_symlink(images("two") + "/parent"));
  const int last = numbers(running.wait().out).back();
  Running later(words({"restore", "--image-path", images("two"), "-b", bundle(), c}), with_criu());
  const std::vector<int> more = await_numbers(later, 3);
  ASSERT_GE(more.size(), 3u) << later.wait();
  EXPECT_EQ(more.front(), last + 1);
}

TEST_F(Restore, WhatCriuCannotDoIsSaidAndNothingIsLeft) {
  count();
  const std::string c = id();
  fs::create_directory(images());
  std::ofstream(images() + "/descriptors.json") << R"(["","",""])";
  const Ran ran = ask({"restore", "-d", "--image-path", images(), "-b", bundle(), c});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err,
              AllOf(StartsWith("berth: restore container '" + c + "': criu restore: Error ("),
                    HasSubstr(images() + "/restore.log")));
  EXPECT_THAT(remains(c), IsEmpty());
}

// Refusals that need no criu.
TEST_F(Checkpoint, WithoutCriuItSaysSo) {
  script("exec sleep 300");
  const std::string c = id();
  ASSERT_EQ(berth({"run", "-d", "-b", bundle(), c}).status, 0);
  const Ran ran = berth({"--criu", "/none/criu", "checkpoint", "--image-path", images(), c});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.err, "berth: checkpoint container '" + c +
                         "': this takes the program criu, 3.14 or newer: run '/none/criu': no "
                         "such file or directory\n");
  EXPECT_EQ(status(c), "running");
}

TEST_F(Checkpoint, WhereItsCheckFailsThatIsSaid) {
  script("exec sleep 300");
  const std::string c = id();
  const std::string fake =
      folder_.write("criu",
                    "#!/bin/sh\n[ $1 = --version ] && exec echo Version: 3.17.1\n"
                    "echo 'Error (criu/vdso.c:1): no vDSO' >&2\nexit 1\n");
  fs::permissions(fake, fs::perms::owner_all);
  ASSERT_EQ(berth({"run", "-d", "-b", bundle(), c}).status, 0);
  const Ran ran = berth({"--criu", fake, "checkpoint", "--image-path", images(), c});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, EndsWith("criu cannot work on this kernel: criu check: Error "
                                "(criu/vdso.c:1): no vDSO\n"));
  EXPECT_EQ(status(c), "running");
}

TEST_F(Checkpoint, OnlyWhatRunsIsSaved) {
  const std::string c = id();
  const auto refusal = [&](const std::string& container) {
    const Ran ran = berth({"checkpoint", "--image-path", images(), container});
    EXPECT_EQ(ran.status, 1);
    return ran.err;
  };
  EXPECT_EQ(refusal(c), "berth: container '" + c + "' does not exist\n");
  ASSERT_EQ(berth({"create", "-b", bundle(), c}).status, 0);
  EXPECT_EQ(refusal(c), "berth: cannot checkpoint container '" + c + "': it is created\n");
  EXPECT_FALSE(fs::exists(images()));
}

TEST_F(Checkpoint, ABadFolderIsNamed) {
  script("exec sleep 300");
  const std::string c = id(), file = folder_.write("file", "");
  ASSERT_EQ(berth({"run", "-d", "-b", bundle(), c}).status, 0);
  const auto said = [&](std::vector<std::string> more) {
    more.insert(more.begin(), "checkpoint");
    more.push_back(c);
    const Ran ran = berth(more);
    EXPECT_EQ(ran.status, 1);
    EXPECT_EQ(status(c), "running");
    return ran.err;
  };
  EXPECT_THAT(said({"--image-path", file}), HasSubstr("--image-path: open '" + file + "'"));
  EXPECT_THAT(said({"--image-path", "/proc/none/x"}), HasSubstr("--image-path: "));
  EXPECT_THAT(said({"--image-path", images(), "--parent-path", "/x"}),
              HasSubstr("--parent-path: '/x' is not relative to --image-path"));
  EXPECT_THAT(said({"--image-path", images(), "--parent-path", "../none"}),
              HasSubstr("--parent-path '" + images() + "/../none': no such file or directory"));
  EXPECT_THAT(said({"--image-path", images(), "--page-server", "x"}),
              HasSubstr("--page-server: 'x'"));
  EXPECT_THAT(said({"--image-path", images(), "--status-fd", "77"}),
              HasSubstr("--status-fd '77': bad file descriptor"));
  EXPECT_EQ(berth({"checkpoint", "--manage-cgroups-mode", "all", c}).status, 1);
  EXPECT_EQ(berth({"checkpoint", "--empty-ns", "mount", c}).status, 1);
}

TEST_F(Checkpoint, ARestoreRefusesBeforeItMakesAnything) {
  const std::string c = id();
  const auto said = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {"restore", "-d", "-b", bundle()});
    more.push_back(c);
    const Ran ran = berth(more);
    EXPECT_EQ(ran.status, 1);
    EXPECT_THAT(remains(c), IsEmpty());
    return ran.err;
  };
  EXPECT_EQ(said({"--image-path", images()}), "berth: restore container '" + c +
                                                  "': --image-path '" + images() +
                                                  "': no such file or directory\n");
  EXPECT_THAT(said({"--image-path", folder_.path(), "--console-socket", "/x"}),
              HasSubstr("--console-socket: "));
  configure([](json& config) { config["linux"]["netDevices"]["eth9"] = json::object(); });
  EXPECT_THAT(said({"--image-path", folder_.path()}),
              HasSubstr("config.json: linux.netDevices: not moved by a restore"));
}

TEST_F(Checkpoint, ItTakesRoot) {
  const RunOptions user{.user = "nobody"};
  const Ran ran = run({kBerth, "--root", "/tmp/" + folder_.name() + "-user", "restore", "x"}, user);
  fs::remove_all("/tmp/" + folder_.name() + "-user");
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.err, "berth: restore container 'x': this takes root: operation not permitted\n");
}

}  // namespace
}  // namespace berth::test
