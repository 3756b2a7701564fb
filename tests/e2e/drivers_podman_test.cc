// More of podman's verbs, and what a container sees of what was asked.
#include <gmock/gmock.h>

#include "tests/e2e/driver_fixtures.h"

namespace berth::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(Podman, LimitsAreInForceInsideAndFollowAnUpdate) {
  const Ran ran =
      podman_run({"-d", "--name", "c", "--memory", "96m", "--cpus", "0.25", "--cpuset-cpus", "0",
                  "--pids-limit", "55", "berth-test", "sleep", "300"});
  ASSERT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(inside("c", "memory.max", "memory/memory.limit_in_bytes"), "100663296");
  EXPECT_EQ(inside("c", "cpu.max", "cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us"),
            systemd_runs() ? "25000 100000" : "25000\n100000");
  EXPECT_EQ(inside("c", "cpuset.cpus.effective", "cpuset/cpuset.cpus"), "0");
  EXPECT_EQ(inside("c", "pids.max", "pids/pids.max"), "55");
  const Ran updated =
      podman({"update", "--memory", "64m", "--cpus", "0.75", "--cpuset-cpus", "0-1", "c"});
  ASSERT_EQ(updated.status, 0) << updated;
  EXPECT_EQ(inside("c", "memory.max", "memory/memory.limit_in_bytes"), "67108864");
  EXPECT_EQ(inside("c", "cpu.max", "cpu/cpu.cfs_quota_us cpu/cpu.cfs_period_us"),
            systemd_runs() ? "75000 100000" : "75000\n100000");
  EXPECT_EQ(inside("c", "cpuset.cpus.effective", "cpuset/cpuset.cpus"), "0-1");
  EXPECT_EQ(inside("c", "pids.max", "pids/pids.max"), "55") << "an update leaves the rest";
}

TEST_F(Podman, OptionsAreInForceInside) {
  const std::string shared = folder_.path() + "/shared";
  std::filesystem::create_directory(shared);
  std::ofstream(shared + "/file") << "text\n";
  const std::string script =
      "hostname; echo $WORD; pwd; id -u; id -g; umask; cat /shared/file; ulimit -c;"
      "touch /shared/x /x 2>&1 | grep -c 'Read-only file system'; touch /scratch/x && ls /scratch;"
      "grep -h -E 'CapBnd|Seccomp:' /proc/self/status | tr -s '\\t' ' '; head -c 3 /dev/other | "
      "wc -c";
  const Ran ran = podman_run({"--rm",
                              "--read-only",
                              "--read-only-tmpfs=false",
                              "--hostname",
                              "own-name",
                              "--env",
                              "WORD=a b",
                              "--workdir",
                              "/var/tmp",
                              "--user",
                              "123:456",
                              "--umask",
                              "0027",
                              "--volume",
                              shared + ":/shared:ro",
                              "--tmpfs",
                              "/scratch:size=64k,mode=1777",
                              "--cap-drop",
                              "all",
                              "--ulimit",
                              "core=0:0",
                              "--ulimit",
                              "nofile=1024:1024",
                              "--ulimit",
                              "nproc=1000:1000",
                              "--device",
                              "/dev/zero:/dev/other",
                              "berth-test",
                              "sh",
                              "-c",
                              script});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(ran.out,
            "own-name\na b\n/var/tmp\n123\n456\n0027\ntext\n0\n2\nx\nCapBnd: 0000000000000000\n"
            "Seccomp: 2\n3\n");
}

TEST_F(Podman, KeepsWhatAContainerPrinted) {
  ASSERT_EQ(podman_run({"--name", "c", "berth-test", "sh", "-c", "echo out; echo err >&2"}).status,
            0);
  const Ran logs = podman({"logs", "c"});
  EXPECT_EQ(logs.out, "out\n");
  EXPECT_EQ(logs.err, "err\n");
}

TEST_F(Podman, SignalsReachTheProgram) {
  ASSERT_EQ(podman_run({"-d", "--name", "c", "berth-test", "sh", "-c",
                        "trap 'echo got; exit 3' USR1; echo ready; while :; do sleep 0.1; done"})
                .status,
            0);
  for (int i = 0; i < 200 && podman({"logs", "c"}).out.empty(); ++i) ::usleep(50'000);
  EXPECT_EQ(podman({"kill", "--signal", "USR1", "c"}).status, 0);
  EXPECT_EQ(podman({"wait", "c"}).out, "3\n");
  EXPECT_EQ(podman({"logs", "c"}).out, "ready\ngot\n");
}

TEST_F(Podman, StartsAStoppedContainerAgain) {
  ASSERT_EQ(podman_run({"-d", "--name", "c", "berth-test", "sleep", "300"}).status, 0);
  ASSERT_EQ(podman({"exec", "c", "touch", "/kept"}).status, 0);
  EXPECT_EQ(podman({"restart", "--time", "0", "c"}).status, 0);
  EXPECT_EQ(podman({"exec", "c", "ls", "/kept"}).out, "/kept\n");
  EXPECT_EQ(podman({"kill", "c"}).status, 0);
  EXPECT_EQ(podman({"wait", "c"}).out, "137\n");
  EXPECT_EQ(podman({"start", "c"}).status, 0);
  EXPECT_EQ(podman({"exec", "c", "echo", "here"}).out, "here\n");
}

TEST_F(Podman, ChecksHowAContainerIs) {
  ASSERT_EQ(podman_run({"-d", "--name", "c", "--health-interval", "disable", "--health-cmd",
                        "test -e /tmp/well", "berth-test", "sleep", "300"})
                .status,
            0);
  EXPECT_EQ(podman({"healthcheck", "run", "c"}).status, 1);
  ASSERT_EQ(podman({"exec", "c", "touch", "/tmp/well"}).status, 0);
  EXPECT_EQ(podman({"healthcheck", "run", "c"}).status, 0);
  EXPECT_EQ(podman({"inspect", "--format", "{{.State.Health.Status}}", "c"}).out, "healthy\n");
}

// A person's terminal: its size arrives once the program runs, and again when it changes.
TEST_F(Podman, ATerminalHasTheSizeOfTheOuterOne) {
  if (const auto why = lacks_program("script"); !why.empty()) GTEST_SKIP() << why;
  const auto on_terminal = [&](const std::string& verb) {
    const char* const await =
        "i=0; while [ \"$(stty size 2>/dev/null)\" != \"33 99\" ] && [ $i -lt 200 ]; do sleep "
        "0.05; "
        "i=$((i+1)); "
        "done; tty; stty size";
    return run({"script", "--quiet", "--return", "--command",
                "stty rows 33 cols 99; export CONTAINERS_CONF=" + folder_.path() +
                    "/containers.conf; " + words_as_text() + verb + " sh -c '" + await + "'",
                "/dev/null"});
  };
  const Ran ran = on_terminal(" run --rm -t berth-test");
  EXPECT_EQ(ran.out, "/dev/pts/0\r\n33 99\r\n") << ran;
  ASSERT_EQ(podman_run({"-d", "--name", "c", "berth-test", "sleep", "300"}).status, 0);
  const Ran more = on_terminal(" exec -t c");
  EXPECT_EQ(more.out, "/dev/pts/0\r\n33 99\r\n") << more;
}

class PodmanPod : public Podman {
 protected:
  void TearDown() override {
    if (!IsSkipped()) (void)podman({"pod", "rm", "--all", "--force", "--time", "0"});
    Podman::TearDown();
  }
};

TEST_F(PodmanPod, ContainersShareTheFirstOnesNamespaces) {
  const Ran pod = podman({"pod", "create", "--name", "p", "--network", "none", "--infra-image",
                          "localhost/berth-test", "--infra-command", "/bin/sleep 1000", "--share",
                          "ipc,uts,net,pid"});
  ASSERT_EQ(pod.status, 0) << pod;
  const Ran a = podman_run({"-d", "--pod", "p", "--name", "a", "berth-test", "sleep", "300"});
  ASSERT_EQ(a.status, 0) << a;
  ASSERT_EQ(podman_run({"-d", "--pod", "p", "--name", "b", "berth-test", "sleep", "301"}).status,
            0);
  const std::vector<std::string> look{
      "sh", "-c", "for n in ipc uts net pid; do readlink /proc/self/ns/$n; done"};
  const auto in = [&](const std::string& name, std::vector<std::string> words) {
    words.insert(words.begin(), {"exec", name});
    return podman(words).out;
  };
  EXPECT_NE(in("a", look), "");
  EXPECT_EQ(in("a", look), in("b", look));
  EXPECT_EQ(in("b", {"hostname"}), "p\n");
  EXPECT_THAT(in("a", {"ps", "-o", "args"}),
              AllOf(HasSubstr("sleep 1000"), HasSubstr("sleep 300"), HasSubstr("sleep 301")));
  EXPECT_EQ(podman({"pod", "pause", "p"}).status, 0);
  EXPECT_EQ(podman({"inspect", "--format", "{{.State.Status}}", "b"}).out, "paused\n");
  EXPECT_EQ(podman({"pod", "unpause", "p"}).status, 0);
  EXPECT_EQ(podman({"pod", "stop", "--time", "0", "p"}).status, 0);
  EXPECT_EQ(podman({"ps", "--quiet"}).out, "");
}

}  // namespace
}  // namespace berth::test
