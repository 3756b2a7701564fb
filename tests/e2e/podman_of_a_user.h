// podman of a plain user, who has ids of his own through newuidmap.
#pragma once

#include <sys/stat.h>

#include "tests/e2e/driver_fixtures.h"

namespace berth::test {

class PodmanOfAUser : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
    for (const char* program : {"podman", "newuidmap", "setpriv", "unshare"}) {
      if (const auto why = lacks_program(program); !why.empty()) GTEST_SKIP() << why;
    }
    write("subid", "berth-user:200000:65536\n");
    write("passwd", others() + "berth-user:x:1000:1000::" + folder_.path() + "/home:/bin/sh\n");
    write("policy.json", R"({"default":[{"type":"insecureAcceptAnything"}]})");
    write("containers.conf",
          "[containers]\nnetns = \"none\"\nlog_driver = \"k8s-file\"\n"
          "default_ulimits = [\"nofile=1024:1024\", \"nproc=1000:1000\"]\n"
          "[engine]\nevents_logger = \"file\"\nruntime_supports_nocgroup = [\"berth\"]\n");
    for (const char* name : {"home", "run", "store", "tmp"}) {
      const std::string path = folder_.path() + "/" + name;
      check(::mkdir(path.c_str(), 0700), "mkdir", path);
      check(::chown(path.c_str(), 1000, 1000), "chown", path);
    }
    const Ran imported =
        run({"sh", "-c", "root=$1; shift; tar -C \"$root\" -c . | \"$@\"", "sh", driver_rootfs()},
            words({"import", "--signature-policy", folder_.path() + "/policy.json", "-",
                   "berth-test"}));
    ASSERT_EQ(imported.status, 0) << imported;
  }
  void TearDown() override {
    if (IsSkipped()) return;
    (void)podman({"rm", "--all", "--force", "--time", "0"});
    // What other ids own is removed by who may; and the process that holds the namespaces ends.
    (void)podman({"unshare", "rm", "-rf", folder_.path() + "/store", folder_.path() + "/tmp"});
    (void)podman({"system", "migrate"});
  }

  virtual std::string runtime_dir() const { return folder_.path() + "/run"; }
  virtual std::string cgroup_manager() const { return "cgroupfs"; }
  Ran podman(const std::vector<std::string>& more, const std::string& input = "") const {
    return run({}, words(more), input);
  }
  Ran podman_run(std::vector<std::string> more) const {
    more.insert(more.begin(), "run");
    return podman(more);
  }

 private:
  // The machine's users but one, in case it has that number already.
  static std::string others() {
    std::string kept;
    std::istringstream lines(read_file(AT_FDCWD, "/etc/passwd"));
    for (std::string line; std::getline(lines, line);) {
      if (line.find(":1000:") == std::string::npos) kept += line + "\n";
    }
    return kept;
  }
  void write(const std::string& name, const std::string& text) const {
    (void)folder_.write(name, text);
  }
  // In a mount namespace where the user has a name and ids.
  std::vector<std::string> words(const std::vector<std::string>& more) const {
    const std::string& f = folder_.path();
    const std::string mounts = "mount --bind " + f + "/passwd /etc/passwd && mount --bind " + f +
                               "/subid /etc/subuid && mount --bind " + f + "/subid /etc/subgid && ";
    std::vector<std::string> all{
        "unshare",
        "--mount",
        "sh",
        "-c",
        mounts +
            "exec setpriv --reuid 1000 --regid 1000 --clear-groups -- env -i PATH=\"$PATH\" HOME=" +
            f + "/home XDG_RUNTIME_DIR=" + runtime_dir() + " TMPDIR=" + f +
            "/tmp CONTAINERS_CONF=" + f + "/containers.conf podman \"$@\"",
        "sh",
        "--root",
        f + "/store",
        "--runroot",
        f + "/run/podman",
        "--storage-driver",
        "vfs",
        "--cgroup-manager",
        cgroup_manager(),
        "--runtime",
        kBerth};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  static Ran run(std::vector<std::string> before, const std::vector<std::string>& words,
                 const std::string& input = "") {
    before.insert(before.end(), words.begin(), words.end());
    return test::run(before, {.directory = "/", .input = input});
  }

  TemporaryFolder folder_{0755};
};

}  // namespace berth::test
