// Debian's podman and containerd, driving berth as they drive runc: a store, a daemon and sockets
// of their own, all below one folder.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/lacking.h"
#include "tests/support/made_bundle.h"
#include "tests/support/shell.h"
#include "tests/support/temporary_folder.h"

namespace berth::test {

inline const std::string kBerth = BERTH_BINARY_DIR "/berth";

// Then they keep their containers in scopes, as they do by default there.
inline bool systemd_runs() {
  return std::filesystem::exists("/run/systemd/system");
}

inline std::string without_newline(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

inline std::string unit_property(const std::string& unit, const std::string& name) {
  return without_newline(run({"systemctl", "show", "-p", name, "--value", unit}).out);
}

inline std::string driver_rootfs() {
  static const MadeBundle bundle({});
  return bundle.path() + "/rootfs";
}

// What podman is told where it keeps its images and containers. One image is there, berth-test:
// made once for all tests of a program.
class PodmanStore {
 public:
  PodmanStore() {
    const std::string policy =
        folder_.write("policy.json", R"({"default":[{"type":"insecureAcceptAnything"}]})");
    std::vector<std::string> all{"sh", "-c", "root=$1; shift; tar -C \"$root\" -c . | \"$@\"", "sh",
                                 driver_rootfs()};
    for (const std::string& word : words()) all.push_back(word);
    for (const char* word : {"import", "--signature-policy", policy.c_str(), "-", "berth-test"}) {
      all.emplace_back(word);
    }
    imported_ = run(all);
  }
  const Ran& imported() const { return imported_; }
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

 private:
  TemporaryFolder folder_{0755};
  Ran imported_;
};

class Podman : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
    if (const auto why = lacks_program("podman"); !why.empty()) GTEST_SKIP() << why;
    // What a machine without CAP_SYS_RESOURCE and without a bridge has.
    std::ofstream(folder_.path() + "/containers.conf")
        << "[containers]\nnetns = \"none\"\nlog_driver = \"k8s-file\"\n"
           "default_ulimits = [\"nofile=1024:1024\", \"nproc=1000:1000\"]\n";
    ASSERT_EQ(store().imported().status, 0) << store().imported();
  }
  void TearDown() override {
    if (!IsSkipped()) (void)podman({"rm", "--all", "--force", "--time", "0"});
  }
  static std::vector<std::string> words() { return store().words(); }
  static std::string words_as_text() {
    std::string text;
    for (const std::string& word : words()) text += " '" + word + "'";
    return text;
  }
  Ran podman(const std::vector<std::string>& more, RunOptions options = {}) const {
    std::vector<std::string> all = words();
    all.insert(all.end(), more.begin(), more.end());
    options.more["CONTAINERS_CONF"] = folder_.path() + "/containers.conf";
    // Its garbage collector and its threads take a third of its time where machines are emulated.
    options.more.insert({{"GOGC", "off"}, {"GOMAXPROCS", "1"}});
    return run(all, options);
  }
  Ran podman_run(std::vector<std::string> more, const RunOptions& options = {}) const {
    more.insert(more.begin(), "run");
    return podman(more, options);
  }
  // What a container sees of a control file, where v2 has it or where v1 has it.
  std::string inside(const std::string& container, const std::string& v2,
                     const std::string& v1) const {
    const Ran ran = podman({"exec", container, "sh", "-c",
                            "cd /sys/fs/cgroup; cat " + v2 + " 2>/dev/null || cat " + v1});
    return without_newline(ran.out);
  }
  TemporaryFolder folder_{0755};

 private:
  static const PodmanStore& store() {
    static const PodmanStore made;
    return made;
  }
};

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
    // `ctr containers create` has no option that names the runtime's program.
    std::filesystem::create_directory(folder_.path() + "/path");
    std::filesystem::create_symlink(kBerth, folder_.path() + "/path/runc");
    const RunOptions options{
        .more = {{"PATH", folder_.path() + "/path:" + std::string(::getenv("PATH"))}}};
    daemon_ = std::make_unique<Running>(
        std::vector<std::string>{"containerd", "--config", configuration}, options);
    for (int i = 0; i < 200 && ctr({"version"}).status != 0; ++i) ::usleep(50'000);
    ASSERT_EQ(ctr({"version"}).status, 0);
  }
  void TearDown() override {
    if (IsSkipped()) return;
    std::istringstream ids(ctr({"containers", "ls", "-q"}).out);
    for (std::string id; std::getline(ids, id);) {
      (void)ctr({"tasks", "rm", "--force", id});
      (void)ctr({"containers", "rm", id});
    }
  }
  std::string socket() const { return folder_.path() + "/socket"; }
  std::vector<std::string> ctr_words(const std::vector<std::string>& more) const {
    std::vector<std::string> all{"ctr", "--address", socket()};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Ran ctr(const std::vector<std::string>& more) const { return run(ctr_words(more)); }
  std::vector<std::string> run_words(std::vector<std::string> options,
                                     const std::vector<std::string>& program,
                                     const std::string& id) const {
    options.insert(options.begin(), "run");
    if (systemd_runs()) {
      options.insert(options.end(),
                     {"--runc-systemd-cgroup", "--cgroup", "system.slice:ctr:" + id});
    }
    options.insert(options.end(), {"--runc-binary", kBerth, "--rootfs", driver_rootfs(), id});
    options.insert(options.end(), program.begin(), program.end());
    return ctr_words(options);
  }
  Ran ctr_run(const std::vector<std::string>& options,
              const std::vector<std::string>& program) const {
    return run(run_words(options, program, id()));
  }
  // ctr's words with the input `word`, which ends once the program has repeated it. ctr loses what
  // a program prints that ends before ctr has begun to read.
  Ran with_input(const std::vector<std::string>& words) const {
    std::vector<std::string> all{
        "sh", "-c",
        "out=$1; shift; : >$out; { echo word; i=0; until grep -q word $out || [ $i -gt 400 ]; do "
        "sleep 0.05; i=$((i+1)); done; } | \"$@\" >$out; status=$?; cat $out; exit $status",
        "sh", folder_.path() + "/out"};
    all.insert(all.end(), words.begin(), words.end());
    return test::run(all);
  }
  // Whether `ctr tasks ls` comes to have that text, within ten seconds.
  bool come_to(const std::string& text) const {
    for (int i = 0; i < 200; ++i) {
      if (ctr({"tasks", "ls"}).out.find(text) != std::string::npos) return true;
      ::usleep(50'000);
    }
    return false;
  }
  std::string id() const { return folder_.name(); }
  TemporaryFolder folder_{0755};

 private:
  std::unique_ptr<Running> daemon_;
};

}  // namespace berth::test
