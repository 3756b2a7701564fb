// podman of a plain user.
#include <gmock/gmock.h>

#include "tests/e2e/podman_of_a_user.h"

namespace berth::test {
namespace {

using ::testing::HasSubstr;

TEST_F(PodmanOfAUser, HasTheUsersIdsInside) {
  const Ran ran =
      podman_run({"--rm", "berth-test", "sh", "-c",
                  "id -u; tr -s ' ' </proc/self/uid_map; cat /proc/self/setgroups; exit 4"});
  EXPECT_EQ(ran.status, 4) << ran;
  EXPECT_EQ(ran.out, "0\n 0 1000 1\n 1 200000 65536\nallow\n");
  const Ran other =
      podman_run({"--rm", "--user", "33:44", "berth-test", "sh", "-c",
                  "touch /tmp/x; stat -c %u:%g /tmp/x; grep CapEff /proc/self/status"});
  EXPECT_EQ(other.out, "33:44\nCapEff:\t0000000000000000\n") << other;
  EXPECT_EQ(podman_run({"--rm", "--userns", "keep-id", "berth-test", "id", "-u"}).out, "1000\n");
}

TEST_F(PodmanOfAUser, RunsWithoutCgroups) {
  const Ran ran =
      podman_run({"--rm", "--cgroups", "disabled", "berth-test", "sh", "-c", "echo in; exit 5"});
  EXPECT_EQ(ran.status, 5) << ran;
  EXPECT_EQ(ran.out, "in\n");
}

TEST_F(PodmanOfAUser, ExecsStopsAndTells) {
  const Ran started =
      podman_run({"-d", "--name", "c", "berth-test", "sh", "-c", "echo begun; exec sleep 300"});
  ASSERT_EQ(started.status, 0) << started;
  const Ran inside = podman({"exec", "--user", "7:8", "c", "sh", "-c", "id -u; exit 6"});
  EXPECT_EQ(inside.status, 6) << inside;
  EXPECT_EQ(inside.out, "7\n");
  EXPECT_THAT(podman({"exec", "-t", "c", "tty"}).out, HasSubstr("/dev/pts/0"));
  EXPECT_EQ(podman({"logs", "c"}).out, "begun\n");
  EXPECT_EQ(podman({"stop", "--time", "0", "c"}).status, 0);
  EXPECT_EQ(podman({"inspect", "--format", "{{.State.ExitCode}}", "c"}).out, "137\n");
  EXPECT_EQ(podman({"rm", "c"}).status, 0);
}

TEST_F(PodmanOfAUser, SignalsWaitsAndChecksHowItIs) {
  const Ran started =
      podman_run({"-d", "--name", "c", "--health-interval", "disable", "--health-retries", "1",
                  "--health-cmd", "test -e /tmp/well", "berth-test", "sh", "-c",
                  "trap 'echo got; exit 3' USR1; while :; do sleep 0.1; done"});
  ASSERT_EQ(started.status, 0) << started;
  EXPECT_EQ(podman({"inspect", "--format", "{{.OCIRuntime}}", "c"}).out, kBerth + "\n");
  EXPECT_EQ(podman({"healthcheck", "run", "c"}).status, 1);
  EXPECT_EQ(podman({"inspect", "--format", "{{.State.Health.Status}}", "c"}).out, "unhealthy\n");
  EXPECT_EQ(podman({"exec", "c", "touch", "/tmp/well"}).status, 0);
  EXPECT_EQ(podman({"healthcheck", "run", "c"}).status, 0);
  EXPECT_EQ(podman({"kill", "--signal", "SIGUSR1", "c"}).status, 0);
  EXPECT_EQ(podman({"wait", "c"}).out, "3\n");
  EXPECT_EQ(podman({"logs", "--follow", "c"}).out, "got\n");
}

TEST_F(PodmanOfAUser, AttachesUntilTheProgramEnds) {
  const Ran started =
      podman_run({"-d", "-i", "--name", "c", "berth-test", "sh", "-c",
                  "while read line; do echo got $line; test $line != end || exit 5; done"});
  ASSERT_EQ(started.status, 0) << started;
  const Ran attached = podman({"attach", "c"}, "one\nend\n");
  EXPECT_EQ(attached.status, 0) << attached;
  EXPECT_THAT(attached.out, ::testing::StartsWith("got one\ngot end\n"));
  EXPECT_EQ(podman({"wait", "c"}).out, "5\n");
}

TEST_F(PodmanOfAUser, ContainersOfAPodShareNamespaces) {
  const Ran pod = podman({"pod", "create", "--name", "p", "--network", "none", "--infra-image",
                          "localhost/berth-test", "--infra-command", "/bin/sleep 1000", "--share",
                          "ipc,uts,net,pid"});
  ASSERT_EQ(pod.status, 0) << pod;
  const Ran a = podman_run({"-d", "--pod", "p", "--name", "a", "berth-test", "sleep", "300"});
  ASSERT_EQ(a.status, 0) << a;
  const std::string look = "for n in ipc uts net pid user; do readlink /proc/self/ns/$n; done";
  const Ran ran =
      podman_run({"--rm", "--pod", "p", "berth-test", "sh", "-c", look + "; ps -o args"});
  EXPECT_EQ(ran.status, 0) << ran;
  const std::string namespaces = podman({"exec", "a", "sh", "-c", look}).out;
  EXPECT_THAT(ran.out, ::testing::AllOf(::testing::StartsWith(namespaces), HasSubstr("sleep 1000"),
                                        HasSubstr("sleep 300")));
  EXPECT_NE(namespaces, "");
  EXPECT_EQ(podman({"pod", "rm", "--force", "--time", "0", "p"}).status, 0);
}

}  // namespace
}  // namespace berth::test
