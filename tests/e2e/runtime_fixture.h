// Drives berth as an OCI runtime: a state root and a bundle of its own for each test.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/made_bundle.h"
#include "tests/support/shell.h"
#include "tests/support/temporary_folder.h"

namespace berth::test {

inline const std::string kBerth = BERTH_BINARY_DIR "/berth";

class RuntimeFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
    const std::string& configuration = pristine();  // read before it is written
    std::ofstream(bundle() + "/config.json") << configuration;
  }
  void TearDown() override {
    for (const std::string& id : ids_) (void)berth({"delete", "--force", id});
  }

  // berth with this test's state root.
  Ran berth(std::vector<std::string> words, const RunOptions& options = {}) const {
    words.insert(words.begin(), {kBerth, "--root", root()});
    return run(words, options);
  }
  std::string root() const { return folder_.path() + "/state"; }
  // An id that no other test on this machine has.
  std::string id(const std::string& name = "a") {
    ids_.push_back(folder_.name() + name);
    return ids_.back();
  }

  // The bundle's configuration, changed.
  void configure(const std::function<void(nlohmann::json&)>& change) {
    const std::string path = bundle() + "/config.json";
    nlohmann::json config = nlohmann::json::parse(std::ifstream(path));
    change(config);
    std::ofstream(path) << config.dump();
  }
  void script(const std::string& text) {
    configure([&](nlohmann::json& config) { config["process"]["args"] = {"sh", "-c", text}; });
  }
  // Made once for all tests of a program, its configuration anew for each.
  static const std::string& bundle() {
    static const MadeBundle made({"--config", "runc"});
    return made.path();
  }

  nlohmann::json state(const std::string& container) const {
    const Ran ran = berth({"state", container});
    return ran.status == 0 ? nlohmann::json::parse(ran.out) : nlohmann::json::object();
  }
  std::string status(const std::string& container) const {
    return state(container).value("status", "none");
  }
  // Until it has that status, for at most ten seconds.
  std::string await(const std::string& container, const std::string& wanted) const {
    for (int i = 0; i < 1000 && status(container) != wanted; ++i) ::usleep(10'000);
    return status(container);
  }
  // What this container has left on the node.
  std::vector<std::string> remains(const std::string& container) const {
    std::vector<std::string> found;
    if (std::filesystem::exists(root() + "/" + container)) found.push_back("state");
    for (const auto& top : tops_of_cgroups()) {
      for (const auto& group : {"berth/" + container, "berth/container_" + container, container}) {
        if (std::filesystem::exists(top / group)) found.push_back(top / group);
      }
    }
    return found;
  }

  // Where hierarchies are mounted.
  static std::vector<std::filesystem::path> tops_of_cgroups() {
    std::vector<std::filesystem::path> found;
    const auto look = [&](const std::filesystem::path& top) {
      if (std::filesystem::exists(top / "cgroup.procs")) found.push_back(top);
    };
    const std::filesystem::path all = "/sys/fs/cgroup";
    look(all);
    if (!found.empty()) return found;
    for (const auto& entry : std::filesystem::directory_iterator(all)) {
      if (!entry.is_symlink()) look(entry.path());
    }
    return found;
  }

  TemporaryFolder folder_{0755};

 private:
  static const std::string& pristine() {
    static const std::string text = read_file(AT_FDCWD, bundle() + "/config.json");
    return text;
  }
  std::vector<std::string> ids_;
};

}  // namespace berth::test
