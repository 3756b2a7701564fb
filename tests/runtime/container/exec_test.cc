// A further process in a container that runs, which looks at itself and at the first one.
#include "runtime/container/exec.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/process_identity.h"
#include "runtime/cgroup/node.h"
#include "runtime/container/exec_cgroup.h"
#include "runtime/container/pid_file.h"
#include "runtime/container/relay.h"
#include "runtime/process/terminal.h"
#include "runtime/spec/parse.h"
#include "tests/runtime/container/bundle.h"

namespace berth::runtime {
namespace {

using nlohmann::json;
using test::launch;
using test::Outcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

json config() {
  return json::parse(R"({
      "ociVersion": "1.2.0", "root": {"path": "rootfs"}, "hostname": "inside",
      "process": {"args": ["sh", "-c", "echo first > /tmp/mark; exec sleep 100"], "cwd": "/",
                  "env": ["PATH=/bin"]},
      "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                 {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["mode=755"]},
                 {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
                  "options": ["newinstance", "ptmxmode=0666", "mode=0620"]},
                 {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"}],
      "linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}, {"type": "uts"},
                               {"type": "ipc"}, {"type": "network"}]}})");
}

// A container that runs while `body` does; then it is killed.
class Running {
 public:
  Running(const test::Bundle& bundle, const json& configuration, const std::string& cgroup = {})
      : state_("/tmp/berth-exec-" + std::to_string(::getpid())),
        folder_(StateRoot::open(state_).create("c1")) {
    folder_.keep_configuration(configuration.dump());
    Entry entry = bundle.entry({});
    entry.spec = folder_.configuration();
    entry.id = "c1";
    CgroupJoin join;
    if (!cgroup.empty()) {
      const auto all = cgroup::detect(cgroup::ControllerSet::container);
      join = cgroup::Node::create(all, cgroup, {}).join();
    }
    child_ = spawn(std::move(entry), std::move(join));
    Record record;
    record.id = "c1";
    record.oci_version = "1.2.0";
    record.bundle = bundle.path();
    record.rootfs = bundle.rootfs();
    record.pid = child_.pid;
    record.start_time = start_time_of(child_.pid).value();
    record.cgroup = cgroup;
    folder_.write(record);
    process = *folder_.configuration().process;
  }
  ~Running() {
    end();
    folder_.remove();
    ::rmdir(state_.c_str());
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  void end() {
    if (child_.pid < 0) return;
    ::kill(child_.pid, SIGKILL);
    ::waitpid(child_.pid, nullptr, 0);
    child_ = {};
  }
  pid_t pid() const { return child_.pid; }
  const StateFolder& folder() const { return folder_; }
  ExecRequest request(const std::string& script) const {
    ExecRequest request;
    request.spec = folder_.configuration();
    request.spec.process = process;
    request.spec.process->args = {"sh", "-c", script};
    return request;
  }
  int sh(const std::string& script) const {
    return forward_and_wait(exec(folder_, request(script)));
  }

  spec::Process process;  // the configuration's

 private:
  std::string state_;
  StateFolder folder_;
  Child child_;
};

class ExecTest : public test::ContainerTestAs {
 protected:
  // `body` returns what the launcher exits with.
  Outcome with(const json& configuration, const std::function<int(Running&)>& body) {
    return launch(GetParam(), [&] {
      int status = 0;
      {
        Running running(bundle_, configuration);
        status = body(running);
      }
      if (::waitpid(-1, nullptr, WNOHANG | __WALL) >= 0) ::_exit(98);  // a child is left
      ::_exit(status);
    });
  }
  Outcome sh(const json& configuration, const std::string& script) {
    return with(configuration, [&](Running& running) { return running.sh(script); });
  }
};

INSTANTIATE_TEST_SUITE_P(As, ExecTest, test::kRootAndUser, test::name_of_user);

TEST_P(ExecTest, IsInTheContainersNamespacesAndTree) {
  const Outcome outcome = sh(config(),
                             "hostname; until test -s /tmp/mark; do sleep 0.01; done; cat "
                             "/tmp/mark; test $$ != 1 && echo second; "
                             "for n in mnt pid net ipc uts user cgroup; do "
                             "test $(readlink /proc/1/ns/$n) = $(readlink /proc/self/ns/$n) || "
                             "echo other $n; done; ls /proc | grep -c '^[0-9]'");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, StartsWith("inside\nfirst\nsecond\n"));
  EXPECT_EQ(outcome.out.find("other"), std::string::npos) << outcome.out;
}

TEST_P(ExecTest, GivesExitStatusAndSignal) {
  EXPECT_EQ(sh(config(), "exit 3").status, 3);
  EXPECT_EQ(sh(config(), "kill -9 $$").status, 128 + SIGKILL);
}

TEST_P(ExecTest, WorksWithoutAPidNamespace) {
  json shared = config();
  shared["linux"]["namespaces"] = {{{"type", "mount"}}, {{"type", "uts"}}};
  const Outcome outcome = sh(shared, "hostname; test -e /proc/1 && echo host");
  EXPECT_EQ(outcome.out, "inside\nhost\n") << outcome.err;
}

TEST_P(ExecTest, InheritsNothingButStdio) {
  const Outcome outcome = sh(config(), "probe descriptors");
  EXPECT_THAT(outcome.out, ::testing::MatchesRegex("0 [^\n]*\n1 [^\n]*\n2 [^\n]*\n"));
}

TEST_P(ExecTest, TheOutsideShowsNothingOfIt) {
  // What CVE-2024-21626 and CVE-2016-9962 got at.
  const Outcome outcome = with(config(), [](Running& running) {
    running.process.cwd = "/proc/self/fd/7";
    return running.sh("pwd");
  });
  EXPECT_EQ(outcome.status, kExitBerthFailed);
  EXPECT_THAT(outcome.err, HasSubstr("exec in container 'c1': chdir to working directory"));
}

TEST_P(ExecTest, FailuresAreToldApart) {
  const auto run = [&](const std::string& program) {
    return with(config(), [&](Running& running) {
      ExecRequest request = running.request("");
      request.spec.process->args = {program};
      return forward_and_wait(exec(running.folder(), std::move(request)));
    });
  };
  Outcome outcome = run("nowhere");
  EXPECT_EQ(outcome.status, kExitNotFound);
  EXPECT_EQ(outcome.err,
            "exec in container 'c1': find program 'nowhere': no such file or directory "
            "(executable file not found in $PATH, which is '/bin')");
  EXPECT_EQ(run("/bin/plain").status, kExitNotExecutable);
}

TEST_P(ExecTest, AStoppedContainerTakesNoMore) {
  const Outcome outcome = with(config(), [](Running& running) {
    running.end();
    return running.sh("true");
  });
  EXPECT_EQ(outcome.err, "exec in container 'c1': cannot exec in a stopped container");
}

TEST_P(ExecTest, HasATerminalOfTheContainersOwn) {
  const Outcome outcome = with(config(), [](Running& running) {
    ExecRequest request =
        running.request("readlink /proc/self/fd/0; echo x > /dev/tty; busybox stty size");
    request.spec.process->terminal = true;
    request.spec.process->console_size = spec::ConsoleSize{.height = 9, .width = 99};
    SocketPair console = socket_pair();
    request.console = std::move(console.first);
    const Child child = exec(running.folder(), std::move(request));
    return relay_and_wait(child, process::receive_master(console.second.get()));
  });
  EXPECT_EQ(outcome.out, "/dev/pts/0\r\nx\r\n9 99\r\n") << outcome.err;
}

TEST_P(ExecTest, KeepsTheConfinementOfTheConfiguration) {
  json tight = config();
  tight["process"]["noNewPrivileges"] = true;
  tight["linux"]["seccomp"] = {
      {"defaultAction", "SCMP_ACT_ALLOW"},
      {"syscalls",
       {{{"names", {"mkdir", "mkdirat"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 95}}}}};
  const Outcome outcome = sh(tight,
                             "probe mkdir /tmp/x; grep -E '^(NoNewPrivs|CapEff|CapBnd)' "
                             "/proc/self/status");
  EXPECT_EQ(outcome.out,
            "Operation not supported\nCapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
            "NoNewPrivs:\t1\n")
      << outcome.err;
}

TEST_P(ExecTest, ADetachedOneOutlivesItsLauncher) {
  const Outcome outcome = with(config(), [&](Running& running) {
    const pid_t launcher = ::fork();
    if (launcher == 0) {
      ExecRequest request = running.request("sleep 0.3; echo alive > /tmp/late");
      request.detached = true;
      (void)exec(running.folder(), std::move(request));
      ::_exit(0);
    }
    ::waitpid(launcher, nullptr, 0);
    return running.sh(
        "i=0; while [ ! -e /tmp/late ] && [ $i -lt 50 ]; do sleep 0.1; "
        "i=$((i+1)); done; cat /tmp/late");
  });
  EXPECT_EQ(outcome.out, "alive\n") << outcome.err;
}

class ExecAsRootTest : public ExecTest {};
INSTANTIATE_TEST_SUITE_P(As, ExecAsRootTest, ::testing::Values(uid_t{0}), test::name_of_user);

json with_users(json configuration) {
  configuration["linux"]["namespaces"].push_back({{"type", "user"}});
  for (const char* key : {"uidMappings", "gidMappings"}) {
    configuration["linux"][key] = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
  }
  return configuration;
}

TEST_P(ExecAsRootTest, JoinsAUserNamespaceAndTakesItsUser) {
  const Outcome outcome = with(with_users(config()), [](Running& running) {
    running.process.user = {.uid = 5, .gid = 6, .umask = 027, .additional_gids = {7}};
    return running.sh("id -u; id -G; umask; cat /proc/self/uid_map");
  });
  EXPECT_THAT(outcome.out, ::testing::MatchesRegex("5\n6 7\n0027\n +0 +100000 +65536\n"))
      << outcome.err;
}

TEST_P(ExecAsRootTest, JoinsANamespaceThatTheContainerJoined) {
  json joined = with_users(config());
  const pid_t holder = ::fork();
  if (holder == 0) {
    if (::unshare(CLONE_NEWNET) != 0) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  const std::string path = "/proc/" + std::to_string(holder) + "/ns/net";
  // Until it is there.
  char own[64] = {}, other[64] = {};
  (void)!::readlink("/proc/self/ns/net", own, sizeof own - 1);
  do {
    (void)!::readlink(path.c_str(), other, sizeof other - 1);
  } while (std::string(own) == other);
  for (json& ns : joined["linux"]["namespaces"]) {
    if (ns["type"] == "network") ns["path"] = path;
  }
  const Outcome outcome = sh(joined, "readlink /proc/self/ns/net");
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  EXPECT_EQ(outcome.out, std::string(other) + "\n") << outcome.err;
}

TEST_P(ExecAsRootTest, RunsOnTheCpusItIsGiven) {
  const Outcome outcome = with(config(), [](Running& running) {
    running.process.exec_cpu_affinity.initial = {{0}};
    running.process.exec_cpu_affinity.final = {{1}};
    return running.sh("grep Cpus_allowed_list /proc/self/status");
  });
  EXPECT_EQ(outcome.out, "Cpus_allowed_list:\t1\n") << outcome.err;
}

TEST_P(ExecAsRootTest, IsInTheContainersCgroup) {
  const std::string group = "berth/exec_test_" + std::to_string(::getpid());
  const auto all = cgroup::detect(cgroup::ControllerSet::container);
  const Outcome outcome = launch(0, [&] {
    Running running(bundle_, config(), group);
    cgroup::Node::create(all, group + "/below", {});
    ExecRequest request = running.request("sleep 100");
    const Child one = exec(running.folder(), std::move(request));
    ::printf("%d\n", cgroup::processes(all, group).size() >= 2);
    ExecRequest sub = running.request("sleep 100");
    sub.cgroups = {"pids:below"};
    const Child two = exec(running.folder(), std::move(sub));
    const auto below = cgroup::processes(all, group + "/below");
    ::printf("%d\n", below == std::vector<pid_t>{two.pid});
    ::fflush(stdout);
    cgroup::kill_all(all, group);
    for (const Child* child : {&one, &two}) ::waitpid(child->pid, nullptr, 0);
  });
  cgroup::remove(all, group);
  cgroup::prune(all, "berth");
  EXPECT_EQ(outcome.out, "1\n1\n") << outcome.err;
}

TEST(ExecCgroup, ArgumentsByController) {
  EXPECT_THAT(parse_exec_cgroups({"a/b"}), ElementsAre(Pair("", "a/b")));
  EXPECT_THAT(parse_exec_cgroups({"cpu,pids:a", "memory:b"}),
              ElementsAre(Pair("cpu", "a"), Pair("memory", "b"), Pair("pids", "a")));
  for (const std::vector<std::string>& bad : std::vector<std::vector<std::string>>{
           {"a", "b"}, {":a"}, {"cpu,:a"}, {"cpu:a", "cpu:b"}, {"../x"}, {"cpu:a/../../b"}}) {
    EXPECT_THROW(parse_exec_cgroups(bad), Error) << bad[0];
  }
}

TEST(ExecCgroup, GroupsBelowTheContainersOwn) {
  const auto groups = [](const std::vector<std::string>& arguments) {
    return groups_below_container(cgroup::Hierarchy{}, "berth/c1", arguments, ::getpid());
  };
  EXPECT_THAT(groups({}), ElementsAre(""));
  EXPECT_THAT(groups({"a/./b/"}), ElementsAre("/a/b"));
  EXPECT_THAT(groups({"/"}), ElementsAre(""));
  EXPECT_THAT(groups({"memory:a", "pids:b"}), ElementsAre("/b"));
}

TEST(PidFile, IsReplacedAsAWhole) {
  const test::TemporaryFolder folder;
  const std::string path = folder.path() + "/pid";
  write_pid_file(path, 41);
  write_pid_file(path, 42);
  EXPECT_EQ(read_file(AT_FDCWD, path), "42");
  EXPECT_EQ(list_dir(open_dir(AT_FDCWD, folder.path()).get()).size(), 1u);
  EXPECT_THROW(write_pid_file("/no/such/folder/pid", 1), Error);
}

}  // namespace
}  // namespace berth::runtime
