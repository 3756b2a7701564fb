// Debian's podman and containerd drive berth as they drive runc: a store, a daemon and sockets of
// their own, all below one folder.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/lacking.h"
#include "tests/support/made_bundle.h"
#include "tests/support/shell.h"
#include "tests/support/temporary_folder.h"

namespace berth::test {
namespace {

using ::testing::HasSubstr;

const std::string kBerth = BERTH_BINARY_DIR "/berth";

// Then both keep their containers in scopes, as they do by default there.
bool systemd_runs() {
  return std::filesystem::exists("/run/systemd/system");
}

std::string without_newline(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string unit_property(const std::string& unit, const std::string& name) {
  return without_newline(run({"systemctl", "show", "-p", name, "--value", unit}).out);
}

std::string rootfs() {
  static const MadeBundle bundle({});
  return bundle.path() + "/rootfs";
}

class Podman : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
    if (const auto why = lacks_program("podman"); !why.empty()) GTEST_SKIP() << why;
    std::ofstream(folder_.path() + "/policy.json")
        << R"({"default":[{"type":"insecureAcceptAnything"}]})";
    const Ran imported =
        run({"sh", "-c",
             "tar -C '" + rootfs() + "' -c . | " + words_as_text() +
                 " import --signature-policy '" + folder_.path() + "/policy.json' - berth-test"});
    ASSERT_EQ(imported.status, 0) << imported;
  }
  void TearDown() override {
    if (!IsSkipped()) (void)podman({"rm", "--all", "--force", "--time", "0"});
  }
  std::vector<std::string> words() const {
    return {"podman",
            "--root",
            folder_.path() + "/store",
            "--runroot",
            folder_.path() + "/run",
            "--storage-driver",
            "vfs",
            "--cgroup-manager",
            systemd_runs() ? "systemd" : "cgroupfs",
            "--events-backend",
            "file",
            "--runtime",
            kBerth};
  }
  std::string words_as_text() const {
    std::string text;
    for (const std::string& word : words()) text += " '" + word + "'";
    return text;
  }
  Ran podman(const std::vector<std::string>& more, const RunOptions& options = {}) const {
    std::vector<std::string> all = words();
    all.insert(all.end(), more.begin(), more.end());
    return run(all, options);
  }
  // `run` with what a machine without CAP_SYS_RESOURCE and without a bridge has.
  Ran podman_run(std::vector<std::string> more, const RunOptions& options = {}) const {
    more.insert(more.begin(), {"run", "--log-driver", "k8s-file", "--network", "none", "--ulimit",
                               "nofile=1024:1024", "--ulimit", "nproc=1000:1000"});
    return podman(more, options);
  }
  TemporaryFolder folder_{0755};
};

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
  const char* const look =
      "cat /sys/fs/cgroup/memory.max || cat /sys/fs/cgroup/memory/memory.limit_in_bytes";
  EXPECT_EQ(podman({"exec", "c", "sh", "-c", look}).out, "67108864\n");
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

class Containerd : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
    if (const auto why = lacks_program("ctr"); !why.empty()) GTEST_SKIP() << why;
    const std::string configuration = folder_.path() + "/config.toml";
    std::ofstream(configuration) << "version = 2\nroot = \"" << folder_.path() << "/root\"\n"
                                 << "state = \"" << folder_.path() << "/state\"\n"
                                 << "disabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n"
                                 << "[grpc]\naddress = \"" << socket() << "\"\n";
    daemon_ = std::make_unique<Running>(
        std::vector<std::string>{"containerd", "--config", configuration});
    for (int i = 0; i < 200 && ctr({"version"}).status != 0; ++i) ::usleep(50'000);
    ASSERT_EQ(ctr({"version"}).status, 0);
  }
  std::string socket() const { return folder_.path() + "/socket"; }
  Ran ctr(const std::vector<std::string>& more) const {
    std::vector<std::string> all{"ctr", "--address", socket()};
    all.insert(all.end(), more.begin(), more.end());
    return run(all);
  }
  Ran ctr_run(std::vector<std::string> options, const std::vector<std::string>& program) const {
    options.insert(options.begin(), "run");
    if (systemd_runs()) {
      options.insert(options.end(),
                     {"--runc-systemd-cgroup", "--cgroup", "system.slice:ctr:" + id()});
    }
    options.insert(options.end(), {"--runc-binary", kBerth, "--rootfs", rootfs(), id()});
    options.insert(options.end(), program.begin(), program.end());
    return ctr(options);
  }
  std::string id() const { return folder_.name(); }

 private:
  TemporaryFolder folder_{0755};
  std::unique_ptr<Running> daemon_;
};

TEST_F(Containerd, RunsAndTellsTheProgramsStatus) {
  const Ran ran = ctr_run({"--rm"}, {"/bin/sh", "-c", "echo from inside; exit 5"});
  EXPECT_EQ(ran.status, 5) << ran;
  EXPECT_EQ(ran.out, "from inside\n");
}

TEST_F(Containerd, ExecsPausesAndKills) {
  ASSERT_EQ(ctr_run({"-d"}, {"/bin/sleep", "300"}).status, 0);
  EXPECT_THAT(ctr({"tasks", "ls"}).out, HasSubstr("RUNNING"));
  if (systemd_runs()) {
    EXPECT_EQ(unit_property("ctr-" + id() + ".scope", "ActiveState"), "active");
  }
  const Ran inside = ctr({"tasks", "exec", "--exec-id", "e", id(), "/bin/echo", "inside"});
  EXPECT_EQ(inside.out, "inside\n") << inside;
  EXPECT_EQ(ctr({"tasks", "pause", id()}).status, 0);
  EXPECT_THAT(ctr({"tasks", "ls"}).out, HasSubstr("PAUSED"));
  EXPECT_EQ(ctr({"tasks", "resume", id()}).status, 0);
  EXPECT_EQ(ctr({"tasks", "kill", "--signal", "KILL", id()}).status, 0);
  for (int i = 0; i < 200; ++i) {
    if (ctr({"tasks", "ls"}).out.find("STOPPED") != std::string::npos) break;
    ::usleep(50'000);
  }
  EXPECT_THAT(ctr({"tasks", "ls"}).out, HasSubstr("STOPPED"));
  EXPECT_EQ(ctr({"tasks", "rm", id()}).status, 0);
  EXPECT_EQ(ctr({"containers", "rm", id()}).status, 0);
  if (systemd_runs()) {
    EXPECT_EQ(unit_property("ctr-" + id() + ".scope", "LoadState"), "not-found");
  }
}

}  // namespace
}  // namespace berth::test
