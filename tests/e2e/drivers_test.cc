// What podman and containerd ask of every runtime.
#include <gmock/gmock.h>

#include "tests/e2e/driver_fixtures.h"

namespace berth::test {
namespace {

using ::testing::HasSubstr;

TEST_F(Podman, RunsAndTellsTheProgramsStatus) {
  const Ran ran = podman_run({"--rm", "berth-test", "sh", "-c", "echo out; echo err >&2; exit 9"});
  EXPECT_EQ(ran.status, 9) << ran;
  EXPECT_EQ(ran.out, "out\n");
  EXPECT_THAT(ran.err, HasSubstr("err\n"));
}

TEST_F(Podman, PassesInputOn) {
  EXPECT_EQ(podman_run({"--rm", "-i", "berth-test", "cat"}, {.input = "word\n"}).out, "word\n");
}

TEST_F(Podman, GivesATerminal) {
  EXPECT_THAT(podman_run({"--rm", "-t", "berth-test", "tty"}).out, HasSubstr("/dev/pts/0"));
}

// podman tells by the text, with runc's words in mind.
TEST_F(Podman, KnowsAProgramThatIsNotThereFromOneThatCannotBeExecuted) {
  EXPECT_EQ(podman_run({"--rm", "berth-test", "absent"}).status, 127);
  EXPECT_EQ(podman_run({"--rm", "berth-test", "/bin/absent"}).status, 127);
  EXPECT_EQ(podman_run({"--rm", "berth-test", "/etc/passwd"}).status, 126);
  EXPECT_EQ(podman_run({"--rm", "berth-test", "/etc"}).status, 126);
}

TEST_F(Podman, ExecsPausesAndStops) {
  ASSERT_EQ(podman_run({"-d", "--name", "c", "berth-test", "sleep", "300"}).status, 0);
  const Ran inside = podman({"exec", "c", "sh", "-c", "echo $$; exit 6"});
  EXPECT_EQ(inside.status, 6) << inside;
  EXPECT_NE(inside.out, "1\n");
  EXPECT_THAT(podman({"exec", "-t", "c", "tty"}).out, HasSubstr("/dev/pts/"));
  EXPECT_THAT(podman({"top", "c", "args"}).out, HasSubstr("sleep 300"));
  EXPECT_EQ(podman({"pause", "c"}).status, 0);
  EXPECT_EQ(podman({"inspect", "--format", "{{.State.Status}}", "c"}).out, "paused\n");
  EXPECT_EQ(podman({"unpause", "c"}).status, 0);
  EXPECT_EQ(podman({"stop", "--time", "1", "c"}).status, 0);
  EXPECT_EQ(podman({"inspect", "--format", "{{.State.ExitCode}}", "c"}).out, "137\n");
  EXPECT_EQ(podman({"rm", "c"}).status, 0);
}

TEST_F(Podman, TellsFiguresAndUpdates) {
  ASSERT_EQ(podman_run({"-d", "--name", "c", "--memory", "128m", "--pids-limit", "60", "berth-test",
                        "sleep", "300"})
                .status,
            0);
  const Ran stats = podman({"stats", "--no-stream", "--format", "{{.PIDS}} {{.MemUsage}}", "c"});
  EXPECT_EQ(stats.status, 0) << stats;
  EXPECT_THAT(stats.out, ::testing::AllOf(HasSubstr("1 "), HasSubstr("/ 134.2MB")));
  const Ran updated = podman({"update", "--memory", "64m", "--cpus", "0.5", "c"});
  EXPECT_EQ(updated.status, 0) << updated;
  // Not by stats: this podman goes on to tell the limit that it made the container with.
  EXPECT_EQ(inside("c", "memory.max", "memory/memory.limit_in_bytes"), "67108864");
  if (!systemd_runs()) return;
  const std::string unit =
      "libpod-" + without_newline(podman({"inspect", "--format", "{{.Id}}", "c"}).out) + ".scope";
  EXPECT_EQ(unit_property(unit, "ActiveState"), "active");
  EXPECT_EQ(unit_property(unit, "Slice"), "machine.slice");
  EXPECT_EQ(unit_property(unit, "MemoryMax"), "67108864");
  EXPECT_EQ(unit_property(unit, "CPUQuotaPerSecUSec"), "500ms");
  EXPECT_EQ(unit_property(unit, "TasksMax"), "60");
  EXPECT_EQ(podman({"rm", "--force", "--time", "0", "c"}).status, 0);
  EXPECT_EQ(unit_property(unit, "LoadState"), "not-found");
}

TEST_F(Containerd, RunsAndTellsTheProgramsStatus) {
  const Ran ran = with_input(run_words({"--rm"}, {"/bin/sh", "-c", "cat; exit 5"}, id()));
  EXPECT_EQ(ran.status, 5) << ran;
  EXPECT_EQ(ran.out, "word\n");
}

TEST_F(Containerd, ExecsPausesAndKills) {
  ASSERT_EQ(ctr_run({"-d"}, {"/bin/sleep", "300"}).status, 0);
  EXPECT_THAT(ctr({"tasks", "ls"}).out, HasSubstr("RUNNING"));
  if (systemd_runs()) {
    EXPECT_EQ(unit_property("ctr-" + id() + ".scope", "ActiveState"), "active");
  }
  const Ran inside = with_input(ctr_words({"tasks", "exec", "--exec-id", "e", id(), "/bin/cat"}));
  EXPECT_EQ(inside.out, "word\n") << inside;
  EXPECT_EQ(ctr({"tasks", "pause", id()}).status, 0);
  EXPECT_THAT(ctr({"tasks", "ls"}).out, HasSubstr("PAUSED"));
  EXPECT_EQ(ctr({"tasks", "resume", id()}).status, 0);
  const Ran killed = ctr({"tasks", "kill", "--signal", "KILL", id()});
  EXPECT_EQ(killed.status, 0) << killed;
  EXPECT_TRUE(come_to("STOPPED"));
  EXPECT_EQ(ctr({"tasks", "rm", id()}).status, 0);
  EXPECT_EQ(ctr({"containers", "rm", id()}).status, 0);
  if (systemd_runs()) {
    EXPECT_EQ(unit_property("ctr-" + id() + ".scope", "LoadState"), "not-found");
  }
}

}  // namespace
}  // namespace berth::test
