// containerd's verbs one by one, and what it tells of a container's life.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/e2e/driver_fixtures.h"
#include "tests/e2e/outer_terminal.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class ContainerdVerbs : public Containerd {
 protected:
  void SetUp() override {
    Containerd::SetUp();
    if (IsSkipped()) return;
    events_ = std::make_unique<Running>(ctr_words({"events"}));
    // It is heard from when it hears something.
    for (int i = 0; i < 200 && events_->out_so_far().empty(); ++i) {
      (void)ctr({"namespaces", "label", "default", "try=" + std::to_string(i)});
      ::usleep(50'000);
    }
    ASSERT_NE(events_->out_so_far(), "");
  }
  // The first event of this topic whose members have these values, within twenty seconds; null
  // where none comes.
  json event(const std::string& topic, const json& members) const {
    for (int i = 0; i < 400; ++i) {
      std::istringstream lines(events_->out_so_far());
      for (std::string line; std::getline(lines, line) && !lines.eof();) {
        const size_t at = line.find(" " + topic + " {");
        if (at == std::string::npos) continue;
        json body = json::parse(line.substr(at + topic.size() + 2), nullptr, false);
        json changed = body;
        changed.merge_patch(members);
        if (body == changed) return body;
      }
      ::usleep(50'000);
    }
    return nullptr;
  }
  json exit_of(const std::string& process) const {
    return event("/tasks/exit", {{"container_id", id()}, {"id", process}});
  }
  // `ctr containers create`, with runc's name for berth.
  Ran create(const std::vector<std::string>& program) const {
    static const MadeBundle bundle({"--config", "runc"});
    json config = json::parse(read_file(AT_FDCWD, bundle.path() + "/config.json"));
    config["root"]["path"] = driver_rootfs();
    config["process"]["args"] = program;
    (void)folder_.write("config.json", config.dump());
    return ctr({"containers", "create", "--config", folder_.path() + "/config.json", id()});
  }
  // For a container that shares this process's pid namespace: signals end its program as they end
  // others.
  static std::string own_pids() { return "pid:/proc/" + std::to_string(::getpid()) + "/ns/pid"; }
  // What a control file of the container's cgroup says.
  static std::string control(int pid, const std::string& controller, const std::string& file) {
    std::istringstream lines(read_file(AT_FDCWD, "/proc/" + std::to_string(pid) + "/cgroup"));
    for (std::string line; std::getline(lines, line);) {
      const size_t first = line.find(':'), second = line.find(':', first + 1);
      const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
      if (names.find("," + controller + ",") == std::string::npos) continue;
      return without_newline(read_file(
          AT_FDCWD, "/sys/fs/cgroup/" + controller + line.substr(second + 1) + "/" + file));
    }
    return "";
  }

 private:
  std::unique_ptr<Running> events_;
};

TEST_F(ContainerdVerbs, CreatesAndStartsApart) {
  const Ran created = create({"/bin/sleep", "300"});
  ASSERT_EQ(created.status, 0) << created;
  EXPECT_THAT(ctr({"containers", "ls", "-q"}).out, HasSubstr(id()));
  EXPECT_THAT(ctr({"tasks", "ls"}).out, Not(HasSubstr(id())));
  const Ran started = ctr({"tasks", "start", "--detach", id()});
  ASSERT_EQ(started.status, 0) << started;
  EXPECT_THAT(ctr({"tasks", "ls"}).out, HasSubstr("RUNNING"));
  const json made = event("/tasks/create", {{"container_id", id()}});
  ASSERT_TRUE(made.is_object());
  EXPECT_EQ(event("/tasks/start", {{"container_id", id()}}).value("pid", 0), made.value("pid", -1));

  const Ran refused = ctr({"tasks", "rm", id()});
  EXPECT_NE(refused.status, 0);
  EXPECT_THAT(refused.err, HasSubstr("must be stopped"));
  EXPECT_THAT(ctr({"tasks", "ls"}).out, HasSubstr("RUNNING"));
  const Ran removed = ctr({"tasks", "rm", "--force", id()});
  EXPECT_EQ(removed.status, 0) << removed;
  EXPECT_EQ(exit_of(id()).value("exit_status", 0), 137);
  EXPECT_EQ(ctr({"containers", "rm", id()}).status, 0);
}

TEST_F(ContainerdVerbs, AStartInTheForegroundHasTheProgramsStatus) {
  ASSERT_EQ(create({"/bin/sh", "-c", "exit 8"}).status, 0);
  const Ran started = ctr({"tasks", "start", id()});
  EXPECT_EQ(started.status, 8) << started;
  EXPECT_EQ(exit_of(id()).value("exit_status", 0), 8);
}

TEST_F(ContainerdVerbs, ExecTellsItsStatus) {
  ASSERT_EQ(ctr_run({"-d"}, {"/bin/sleep", "300"}).status, 0);
  const Ran ran = ctr({"tasks", "exec", "--exec-id", "e", "--cwd", "/etc", id(), "/bin/sh", "-c",
                       "test $(pwd) = /etc && exit 6"});
  EXPECT_EQ(ran.status, 6) << ran;
  EXPECT_EQ(exit_of("e").value("exit_status", 0), 6);
}

TEST_F(ContainerdVerbs, ASignalThatEndsTheProgramIsTold) {
  Running attached(run_words({"--with-ns", own_pids()}, {"/bin/sleep", "300"}, id()));
  ASSERT_TRUE(come_to("RUNNING"));
  EXPECT_EQ(ctr({"tasks", "kill", id()}).status, 0) << "SIGTERM, where none is named";
  EXPECT_EQ(attached.wait().status, 143);
  EXPECT_EQ(exit_of(id()).value("exit_status", 0), 143);
}

TEST_F(ContainerdVerbs, KillAllReachesWhatWasExecd) {
  ASSERT_EQ(ctr_run({"-d", "--with-ns", own_pids()}, {"/bin/sleep", "300"}).status, 0);
  const Ran more =
      ctr({"tasks", "exec", "--detach", "--exec-id", "more", id(), "/bin/sleep", "301"});
  ASSERT_EQ(more.status, 0) << more;
  EXPECT_EQ(ctr({"tasks", "kill", "--all", "--signal", "USR1", id()}).status, 0);
  EXPECT_EQ(exit_of(id()).value("exit_status", 0), 138);
  EXPECT_EQ(exit_of("more").value("exit_status", 0), 138);
}

TEST_F(ContainerdVerbs, ATerminalFollowsTheOuterOnesSize) {
  const char* const program =
      "trap 'test \"$(stty size)\" = \"33 99\" && exit 3' WINCH; i=0; "
      "until test \"$(stty size)\" = \"20 30\" || test $i -gt 600; do sleep 0.05; i=$((i+1)); "
      "done; echo ready; i=0; while test $i -lt 600; do sleep 0.05; i=$((i+1)); done";
  OuterTerminal of_run(run_words({"--rm", "-t"}, {"/bin/sh", "-c", program}, id() + "-t"), 20, 30);
  EXPECT_TRUE(of_run.shows("ready")) << of_run.shown();
  of_run.resize(33, 99);
  EXPECT_EQ(of_run.wait(), 3) << of_run.shown();

  ASSERT_EQ(ctr_run({"-d"}, {"/bin/sleep", "300"}).status, 0);
  OuterTerminal of_exec(
      ctr_words({"tasks", "exec", "-t", "--exec-id", "e", id(), "/bin/sh", "-c", program}), 20, 30);
  EXPECT_TRUE(of_exec.shows("ready")) << of_exec.shown();
  of_exec.resize(33, 99);
  EXPECT_EQ(of_exec.wait(), 3) << of_exec.shown();
}

TEST_F(ContainerdVerbs, TheEndOfTheInputReachesTheProgram) {
  const Ran ran = with_input(run_words({"--rm"}, {"/bin/cat"}, id() + "-c"));
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(ran.out, "word\n");
  ASSERT_EQ(ctr_run({"-d"}, {"/bin/sleep", "300"}).status, 0);
  const Ran more = with_input(ctr_words({"tasks", "exec", "--exec-id", "e", id(), "/bin/cat"}));
  EXPECT_EQ(more.status, 0) << more;
  EXPECT_EQ(more.out, "word\n");
}

TEST_F(ContainerdVerbs, FiguresAreTheCgroups) {
  if (systemd_runs()) GTEST_SKIP() << "v1's figures are meant";
  ASSERT_EQ(ctr_run({"-d", "--memory-limit", "67108864"}, {"/bin/sleep", "300"}).status, 0);
  const int pid = event("/tasks/start", {{"container_id", id()}}).value("pid", 0);
  const Ran ran = ctr({"tasks", "metrics", "--format", "json", id()});
  ASSERT_EQ(ran.status, 0) << ran;
  const json metrics = json::parse(ran.out);
  EXPECT_EQ(metrics.at("/memory/usage/limit"_json_pointer), 67108864);
  EXPECT_EQ(control(pid, "memory", "memory.limit_in_bytes"), "67108864");
  EXPECT_EQ(std::to_string(metrics.at("/pids/current"_json_pointer).get<int>()),
            control(pid, "pids", "pids.current"));
  // The program sleeps: both grow by very little if at all.
  const auto cpu = metrics.at("/cpu/usage/total"_json_pointer).get<long long>();
  EXPECT_NEAR(static_cast<double>(cpu), std::stod(control(pid, "cpuacct", "cpuacct.usage")), 50e6);
  EXPECT_GT(cpu, 0);
}

TEST_F(ContainerdVerbs, TellsThatTheMemoryRanOut) {
  const Ran ran = ctr_run({"--memory-limit", "20971520"}, {"/bin/tail", "/dev/zero"});
  EXPECT_EQ(ran.status, 137) << ran;
  EXPECT_TRUE(event("/tasks/oom", {{"container_id", id()}}).is_object());
  EXPECT_EQ(exit_of(id()).value("exit_status", 0), 137);
}

}  // namespace
}  // namespace berth::test
