#include "tests/runtime/container/bundle.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/become.h"

namespace berth::test {

namespace fs = std::filesystem;
using runtime::Entry;
using runtime::spec::NamespaceType;

Bundle::Bundle() {
  for (const char* dir : {"bin", "proc", "dev", "tmp", "work", "etc", "sys"}) {
    fs::create_directories(rootfs() + "/" + dir);
  }
  fs::copy_file("/bin/busybox", rootfs() + "/bin/busybox");
  for (const char* applet : {"sh", "cat", "true", "sleep", "hostname", "id", "env", "pwd", "ls",
                             "kill", "grep", "readlink", "mount", "cut"}) {
    fs::create_symlink("busybox", rootfs() + "/bin/" + applet);
  }
  fs::copy_file(BERTH_PROBE, rootfs() + "/bin/probe");
  const UniqueFd plain = open_file(AT_FDCWD, rootfs() + "/bin/plain", O_WRONLY | O_CREAT, 0644);
  write_all(plain.get(), "not a program\n", "plain");
}

Entry Bundle::entry(std::vector<std::string> args) const {
  Entry entry;
  entry.id = "t1";
  entry.bundle = open_dir(AT_FDCWD, path());
  auto& spec = entry.spec;
  spec.oci_version = "1.0.2";
  spec.root = {"rootfs", false};
  spec.process.emplace();
  spec.process->args = std::move(args);
  spec.process->env = {"PATH=/bin"};
  spec.mounts = {{"/proc", "proc", "proc", {}},
                 {"/dev", "tmpfs", "tmpfs", {"nosuid", "mode=755", "size=64k"}},
                 {"/tmp", "tmpfs", "tmpfs", {"nosuid", "nodev", "mode=1777"}}};
  spec.linux_.namespaces = {
      {NamespaceType::mount, ""}, {NamespaceType::ipc, ""}, {NamespaceType::uts, ""}};
  return entry;
}

namespace {

[[noreturn]] void live(uid_t uid, const std::function<void()>& body) {
  const auto say = [](const char* text) { (void)!::write(2, text, std::strlen(text)); };
  try {
    become(uid);
    body();
  } catch (const runtime::EnterFailure& e) {
    say(e.what());
    ::_exit(e.exit_code());
  } catch (const std::exception& e) {
    say(e.what());
    ::_exit(99);
  }
  ::_exit(0);
}

// Both pipes until both are closed.
void drain(int out, int err, Outcome& outcome) {
  pollfd fds[2] = {{out, POLLIN, 0}, {err, POLLIN, 0}};
  std::string* texts[2] = {&outcome.out, &outcome.err};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    check(::poll(fds, 2, -1), "poll");
    for (int i = 0; i < 2; ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      char buffer[4096];
      const ssize_t n = ::read(fds[i].fd, buffer, sizeof buffer);
      if (n <= 0) fds[i].fd = -1;
      if (n > 0) texts[i]->append(buffer, static_cast<size_t>(n));
    }
  }
}

}  // namespace

runtime::Entry with_pid_namespace(runtime::Entry entry) {
  entry.spec.linux_.namespaces.push_back({runtime::spec::NamespaceType::pid, ""});
  return entry;
}

Outcome launch(uid_t uid, const std::function<void()>& body) {
  int out[2], err[2];
  check(::pipe2(out, O_CLOEXEC), "pipe");
  check(::pipe2(err, O_CLOEXEC), "pipe");
  const pid_t child = check(::fork(), "fork");
  if (child == 0) {
    ::dup2(::open("/dev/null", O_RDONLY), 0);
    ::dup2(out[1], 1);
    ::dup2(err[1], 2);
    for (const int fd : {out[0], out[1], err[0], err[1]}) ::close(fd);
    live(uid, body);
  }
  ::close(out[1]);
  ::close(err[1]);
  Outcome outcome;
  drain(out[0], err[0], outcome);
  ::close(out[0]);
  ::close(err[0]);
  int status = 0;
  check(::waitpid(child, &status, 0), "waitpid");
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return outcome;
}

void expect_failures_told_apart(const Bundle& bundle, const std::function<Outcome(Entry)>& run) {
  Outcome outcome = run(bundle.entry({"nowhere"}));
  EXPECT_EQ(outcome.status, 127);
  EXPECT_EQ(outcome.err,
            "start container 't1': find program 'nowhere': no such file or directory "
            "(executable file not found in $PATH, which is '/bin')");
  outcome = run(bundle.entry({"/bin/plain"}));
  EXPECT_EQ(outcome.status, 126);
  EXPECT_EQ(outcome.err, "start container 't1': execute '/bin/plain': permission denied");
  Entry broken = bundle.shell("true");
  broken.spec.mounts.push_back({"/etc", "bind", "/no/such/source", {"bind"}});
  outcome = run(std::move(broken));
  EXPECT_EQ(outcome.status, 125);
  EXPECT_NE(outcome.err.find("'/no/such/source'"), std::string::npos) << outcome.err;
}

}  // namespace berth::test
