// pause, resume, update, events and ps on a living container, by the command line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "tests/e2e/control_file.h"
#include "tests/support/made_bundle.h"
#include "tests/support/shell.h"
#include "tests/support/temporary_folder.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kBerth = BERTH_BINARY_DIR "/berth";

// A container that counts in a file of its root, in steps of 10 ms.
class ResourceVerbs : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
    hierarchy_ = runtime::cgroup::detect(runtime::cgroup::ControllerSet::container);
    const Ran made = berth({"run", "-d", "-b", bundle().path(), id_});
    ASSERT_EQ(made.status, 0) << made;
  }
  void TearDown() override {
    const Ran gone = berth({"delete", "--force", id_});
    EXPECT_EQ(gone.status, 0) << gone;
  }
  static const MadeBundle& bundle() {
    static const MadeBundle made({"--config", "runc", "--arg", "sh", "--arg", "-c", "--arg",
                                  "while :; do usleep 10000; done"});
    return made;
  }

  Ran berth(std::vector<std::string> words, const RunOptions& options = {}) const {
    words.insert(words.begin(), {kBerth, "--root", state_.path() + "/root"});
    return run(words, options);
  }
  json state() const { return json::parse(berth({"state", id_}).out); }
  json stats() const { return json::parse(berth({"events", "--stats", id_}).out); }
  bool on_v2(const char* controller) const { return is_on_v2(hierarchy_, controller); }
  std::string value(const char* controller, const char* v1, const char* v2) const {
    return control_file(hierarchy_, state().at("pid").get<int>(), controller, v1, v2);
  }

  const std::string id_ = "res_" + std::to_string(::getpid());
  TemporaryFolder state_;
  runtime::cgroup::Hierarchy hierarchy_;
};

TEST_F(ResourceVerbs, PauseStopsItAndResumeLetsItGoOn) {
  const auto used = [&] { return stats()["data"]["cpu"]["usage"].value("total", uint64_t{0}); };
  const Ran paused = berth({"pause", id_});
  EXPECT_EQ(paused.status, 0) << paused;
  EXPECT_EQ(state()["status"], "paused");
  const uint64_t before = used();
  ::usleep(100'000);
  EXPECT_EQ(used(), before);
  const Ran again = berth({"pause", id_});
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr("container not running"));
  EXPECT_EQ(berth({"resume", id_}).status, 0);
  EXPECT_EQ(state()["status"], "running");
  ::usleep(200'000);
  EXPECT_GT(used(), before);
  const Ran twice = berth({"resume", id_});
  EXPECT_EQ(twice.status, 1);
  EXPECT_THAT(twice.err, HasSubstr("container not paused"));
}

TEST_F(ResourceVerbs, APausedContainerCanBeDeletedByForce) {
  EXPECT_EQ(berth({"pause", id_}).status, 0);
  EXPECT_EQ(berth({"delete", "-f", id_}).status, 0);
  EXPECT_EQ(berth({"state", id_}).status, 1);
}

TEST_F(ResourceVerbs, NoSuchContainerIsAnError) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"pause", "none"},
                                             {"resume", "none"},
                                             {"update", "--memory", "64m", "none"},
                                             {"events", "--stats", "none"},
                                             {"ps", "none"}}) {
    const Ran ran = berth(words);
    EXPECT_EQ(ran.status, 1) << ran;
    EXPECT_THAT(ran.err, HasSubstr("container 'none' does not exist")) << ran;
  }
}

TEST_F(ResourceVerbs, AStoppedContainerIsNotRunning) {
  EXPECT_EQ(berth({"kill", id_, "KILL"}).status, 0);
  for (int i = 0; i < 300 && state()["status"] != "stopped"; ++i) ::usleep(10'000);
  for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
           {"pause", id_}, {"update", "--memory", "64m", id_}, {"events", id_}}) {
    const Ran ran = berth(words);
    EXPECT_EQ(ran.status, 1) << ran;
    EXPECT_THAT(ran.err, HasSubstr("not running")) << ran;
  }
}

TEST_F(ResourceVerbs, UpdateByOptions) {
  const Ran ran = berth({"update", "--memory", "64m", "--pids-limit", "33", "--cpu-share", "512",
                         "--cpu-quota", "50000", "--cpu-period", "100000", "--cpuset-cpus", "0",
                         "--memory-reservation", "32m", id_});
  ASSERT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(ran.out, "");
  EXPECT_EQ(value("memory", "memory.limit_in_bytes", "memory.max"), "67108864");
  EXPECT_EQ(value("memory", "memory.soft_limit_in_bytes", "memory.low"), "33554432");
  EXPECT_EQ(value("pids", "pids.max", "pids.max"), "33");
  EXPECT_EQ(value("cpu", "cpu.shares", "cpu.weight"), on_v2("cpu") ? "59" : "512");
  EXPECT_EQ(value("cpu", "cpu.cfs_quota_us", "cpu.max"), on_v2("cpu") ? "50000 100000" : "50000");
  EXPECT_EQ(value("cpuset", "cpuset.cpus", "cpuset.cpus"), "0");
  ASSERT_EQ(berth({"update", "--memory", "96m", id_}).status, 0) << "also up";
  EXPECT_EQ(value("memory", "memory.limit_in_bytes", "memory.max"), "100663296");
  EXPECT_EQ(value("pids", "pids.max", "pids.max"), "33") << "what is not named stays";
}

TEST_F(ResourceVerbs, UpdateByFileAndStandardInput) {
  const std::string file = state_.write(
      "resources.json", R"({"cpu": {"quota": 20000, "burst": 1000}, "pids": {"limit": 9}})");
  // The file is all that counts.
  const Ran ran = berth({"update", "--resources", file, "--pids-limit", "5", id_});
  ASSERT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(value("pids", "pids.max", "pids.max"), "9");
  EXPECT_EQ(value("cpu", "cpu.cfs_burst_us", "cpu.max.burst"), "1000");
  ASSERT_EQ(berth({"update", "-r", "-", id_}, {.input = R"({"pids": {"limit": 11}})"}).status, 0);
  EXPECT_EQ(value("pids", "pids.max", "pids.max"), "11");
  const Ran bad = berth({"update", "-r", "-", id_}, {.input = R"({"pids": {"limit": "11"}})"});
  EXPECT_EQ(bad.status, 1);
  EXPECT_THAT(bad.err, HasSubstr("standard input: pids.limit: expected a whole number"));
}

TEST_F(ResourceVerbs, UpdateThatIsRefusedChangesNothing) {
  ASSERT_EQ(berth({"update", "--pids-limit", "33", id_}).status, 0);
  const Ran ran = berth({"update", "--pids-limit", "many", id_});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("--pids-limit: 'many' is not a whole number"));
  const Ran rdt = berth({"update", "--l3-cache-schema", "L3:0=f", "--pids-limit", "5", id_});
  EXPECT_EQ(rdt.status, 1);
  EXPECT_THAT(rdt.err, HasSubstr("has no linux.intelRdt in its configuration"));
  EXPECT_EQ(value("pids", "pids.max", "pids.max"), "33");
}

TEST_F(ResourceVerbs, EventsGivesFiguresAtIntervalsUntilTheEnd) {
  Running events({kBerth, "--root", state_.path() + "/root", "events", "--interval", "50ms", id_});
  const auto lines = [&] {
    const std::string& out = events.out_so_far();
    return std::count(out.begin(), out.end(), '\n');
  };
  for (int i = 0; i < 300 && lines() < 3; ++i) ::usleep(10'000);
  EXPECT_GE(lines(), 3);
  EXPECT_EQ(berth({"kill", id_, "KILL"}).status, 0);
  const Ran ran = events.wait();
  EXPECT_EQ(ran.status, 0) << ran;
  std::istringstream all(ran.out);
  int count = 0;
  for (std::string line; std::getline(all, line);) {
    const json event = json::parse(line);
    EXPECT_EQ(event["type"], "stats");
    EXPECT_EQ(event["id"], id_);
    if (++count > 3) continue;  // perhaps of one that was killed meanwhile
    EXPECT_GT(event["data"]["pids"]["current"], 0);
    EXPECT_GT(event["data"]["memory"]["usage"]["usage"], 0);
  }
}

TEST_F(ResourceVerbs, EventsTellsOfAKillForWantOfMemory) {
  static const MadeBundle hungry(
      {"--config", "runc", "--arg", "sh", "--arg", "-c", "--arg",
       "sleep 2; while :; do head -c 90000000 /dev/zero | tail >/dev/null; sleep 0.1; done"});
  const std::string id = id_ + "_hungry";
  ASSERT_EQ(berth({"run", "-d", "-b", hungry.path(), id}).status, 0);
  Running events({kBerth, "--root", state_.path() + "/root", "events", "--interval", "1h", id});
  ::usleep(200'000);
  EXPECT_EQ(berth({"update", "--memory", "32m", id}).status, 0);
  for (int i = 0; i < 1000 && events.out_so_far().empty(); ++i) ::usleep(10'000);
  EXPECT_THAT(events.out_so_far(), HasSubstr(R"({"type":"oom","id":")" + id +
                                             R"("})"
                                             "\n"));
  EXPECT_EQ(berth({"delete", "-f", id}).status, 0);
  EXPECT_EQ(events.wait().status, 0);
}

TEST_F(ResourceVerbs, EventsRefusesABadInterval) {
  const Ran ran = berth({"events", "--interval", "0s", id_});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err, HasSubstr("--interval: '0s' is not a duration"));
}

TEST_F(ResourceVerbs, PsAsJsonIsItsPids) {
  const json pids = json::parse(berth({"ps", "-f", "json", id_}).out);
  EXPECT_THAT(pids.get<std::vector<int>>(), ::testing::Contains(state()["pid"].get<int>()));
}

TEST_F(ResourceVerbs, PsShowsTheLinesOfItsProcesses) {
  const std::string pid = std::to_string(state()["pid"].get<int>());
  const Ran table = berth({"ps", id_});
  EXPECT_EQ(table.status, 0) << table;
  EXPECT_THAT(table.out, AllOf(HasSubstr("UID"), HasSubstr("PID"), HasSubstr(" " + pid + " "),
                               HasSubstr("sh -c while"), Not(HasSubstr("ps -ef"))));
  const Ran own = berth({"ps", id_, "-o", "pid,comm", "-e"});
  EXPECT_EQ(own.status, 0) << own;
  EXPECT_THAT(own.out, AllOf(HasSubstr("PID COMMAND"), HasSubstr(pid + " sh")));
  const Ran bsd = berth({"ps", id_, "aux"});
  EXPECT_THAT(bsd.out, AllOf(HasSubstr("USER"), HasSubstr(pid))) << bsd;
  const Ran bad = berth({"ps", id_, "--nonsense"});
  EXPECT_EQ(bad.status, 1);
  EXPECT_THAT(bad.err, HasSubstr("ps failed: ")) << bad;
  const Ran none = berth({"ps", id_, "-o", "comm"});
  EXPECT_THAT(none.err, HasSubstr("couldn't find PID field in ps output"));
  const Ran yaml = berth({"ps", "-f", "yaml", id_});
  EXPECT_EQ(yaml.status, 1);
  EXPECT_THAT(yaml.err, HasSubstr("--format: 'yaml' is not table or json"));
}

TEST(UsersResourceVerbs, HaveNoCgroupButSeeTheProcesses) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  const MadeBundle bundle(
      {"--config", "runc", "--arg", "sh", "--arg", "-c", "--arg", "sleep 300 & wait"});
  const TemporaryFolder folder(01777);
  const std::string id = "users_" + std::to_string(::getpid());
  const auto berth = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {kBerth, "--root", folder.path() + "/root"});
    return run(words, {.user = "nobody"});
  };
  const Ran made = berth({"run", "-d", "-b", bundle.path(), id});
  ASSERT_EQ(made.status, 0) << made;
  json pids;
  for (int i = 0; i < 500 && pids.size() < 2; ++i) {
    pids = json::parse(berth({"ps", "-f", "json", id}).out);
    ::usleep(10'000);
  }
  EXPECT_EQ(pids.size(), 2u) << pids;
  EXPECT_THAT(berth({"ps", id}).out, AllOf(HasSubstr("sleep 300"), HasSubstr("sh -c")));
  for (const char* verb : {"pause", "resume", "events"}) {
    const Ran ran = berth({verb, id});
    EXPECT_EQ(ran.status, 1);
    EXPECT_THAT(ran.err, HasSubstr("container '" + id + "' has no cgroup of its own")) << ran;
  }
  const Ran gone = berth({"delete", "-f", id});
  EXPECT_EQ(gone.status, 0) << gone;
}

}  // namespace
}  // namespace berth::test
