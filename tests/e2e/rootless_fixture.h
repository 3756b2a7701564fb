// A plain user with a part of cgroup v2 of its own, as a service manager delegates one: a folder
// that is the user's, and in it the group `session` that the user's processes are in.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "runtime/cgroup/hierarchy.h"
#include "runtime/cgroup/node.h"
#include "tests/support/made_bundle.h"
#include "tests/support/shell.h"
#include "tests/support/temporary_folder.h"

namespace berth::test {

inline constexpr int kUser = 1000;

class RootlessFixture : public ::testing::Test {
 protected:
  static const runtime::cgroup::Hierarchy& hierarchy() {
    static const auto found = runtime::cgroup::detect(runtime::cgroup::ControllerSet::delegated);
    return found;
  }
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
    if (hierarchy().v2.empty()) GTEST_SKIP() << "no cgroup v2 is mounted: " << errno_text(ENODEV);
    // Makes it with all the controllers that there are, down to the session.
    (void)runtime::cgroup::Node::create(hierarchy(), part_ + "/session", {});
    give("");
    give("/session");
  }
  void TearDown() override {
    if (IsSkipped()) return;
    runtime::cgroup::kill_all(hierarchy(), part_);
    EXPECT_TRUE(runtime::cgroup::remove(hierarchy(), part_));
  }

  std::string part_folder() const { return hierarchy().v2 + "/" + part_; }
  void give(const std::string& below) const {
    for (const char* file : {"", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"}) {
      ASSERT_EQ(::chown((part_folder() + below + file).c_str(), kUser, kUser), 0) << file;
    }
  }

  // A program of the user's, begun in that group of v2 (`/session`; empty: the part itself).
  static std::vector<std::string> as_user_in(const std::string& group,
                                             const std::vector<std::string>& words) {
    std::vector<std::string> all = {
        "sh", "-c",
        "echo 0 >'" + group + "/cgroup.procs' && exec setpriv --reuid " + std::to_string(kUser) +
            " --regid " + std::to_string(kUser) + " --clear-groups -- \"$@\"",
        "sh"};
    all.insert(all.end(), words.begin(), words.end());
    return all;
  }
  std::vector<std::string> berth_words(std::vector<std::string> words) const {
    words.insert(words.begin(), {BERTH_BINARY_DIR "/berth", "--root", folder_.path() + "/state"});
    return words;
  }
  // As the user, in the session.
  Ran berth(const std::vector<std::string>& words, const RunOptions& options = {}) const {
    return run(as_user_in(part_folder() + "/session", berth_words(words)), options);
  }
  // As the user where nothing is the user's.
  Ran berth_outside(const std::vector<std::string>& words) const {
    return run(as_user_in(hierarchy().v2, berth_words(words)));
  }

  static const std::string& bundle() {
    static const MadeBundle made({"--config", "runc"});
    return made.path();
  }
  // The bundle's configuration with another program, and changed; a file.
  std::string config(const std::string& script,
                     const std::function<void(nlohmann::json&)>& change = {}) {
    auto config = nlohmann::json::parse(read_file(AT_FDCWD, bundle() + "/config.json"));
    config["process"]["args"] = {"sh", "-c", script};
    if (change) change(config);
    return folder_.write("config_" + std::to_string(++configs_), config.dump());
  }
  nlohmann::json state(const std::string& id) const {
    const Ran ran = berth({"state", id});
    return ran.status == 0 ? nlohmann::json::parse(ran.out) : nlohmann::json::object();
  }
  // Where v2 says that the container's first process is, below the mount point.
  std::string group_of(const std::string& id) const {
    const std::string pid = std::to_string(state(id).value("pid", 0));
    return runtime::cgroup::path_of_process(read_file(AT_FDCWD, "/proc/" + pid + "/cgroup"), "")
        .value();
  }
  std::string control(const std::string& id, const std::string& file) const {
    return read_file(AT_FDCWD, hierarchy().v2 + group_of(id) + "/" + file);
  }
  // Groups in the user's part.
  std::vector<std::string> groups() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(part_folder())) {
      if (entry.is_directory()) names.push_back(entry.path().filename());
    }
    return names;
  }

  TemporaryFolder folder_{01777};
  const std::string part_ = "berth_user_" + std::to_string(::getpid());

 private:
  int configs_ = 0;
};

}  // namespace berth::test
