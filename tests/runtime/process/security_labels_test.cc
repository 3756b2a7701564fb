#include "runtime/process/security_labels.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/temporary_folder.h"

namespace berth::runtime::process {
namespace {

using ::testing::HasSubstr;

// Folders that stand for /sys and /proc.
class Labels : public ::testing::Test {
 protected:
  void put(const std::string& name, const std::string& content = "") const {
    const std::filesystem::path path = folder_.path() + "/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << content;
  }
  std::string at(const std::string& name) const {
    return read_file(AT_FDCWD, folder_.path() + "/" + name);
  }
  void SetUp() override {
    put("proc/7/task/7/attr/exec");
    std::filesystem::create_symlink("7/task/7", folder_.path() + "/proc/thread-self");
  }
  SecurityModules modules() const {
    return SecurityModules::find(folder_.path() + "/sys", folder_.path() + "/proc");
  }
  static spec::Process confined(std::string profile, std::string label) {
    spec::Process process;
    process.apparmor_profile = std::move(profile);
    process.selinux_label = std::move(label);
    return process;
  }
  SecurityLabels labels(const spec::Process& process, SecurityModules modules) const {
    return {process, modules, open_dir(AT_FDCWD, folder_.path() + "/proc")};
  }
  std::string refusal(const spec::Process& process, SecurityModules modules) const {
    try {
      labels(process, modules).apply();
    } catch (const Error& e) {
      return e.message();
    }
    return "none";
  }

  static constexpr SecurityModules kNone{.apparmor = false, .selinux = false};
  static constexpr SecurityModules kAppArmor{.apparmor = true, .selinux = false};
  static constexpr SecurityModules kSELinux{.apparmor = false, .selinux = true};
  test::TemporaryFolder folder_;
  const std::string exec_ = "proc/7/task/7/attr/exec";
};

TEST_F(Labels, AppArmorIsInForceWhereItsFolderAndItsParameterSaySo) {
  EXPECT_FALSE(modules().apparmor);
  put("sys/module/apparmor/parameters/enabled", "Y\n");
  EXPECT_FALSE(modules().apparmor);
  put("sys/kernel/security/apparmor/profiles");
  EXPECT_TRUE(modules().apparmor);
  put("sys/module/apparmor/parameters/enabled", "N\n");
  EXPECT_FALSE(modules().apparmor);
}

TEST_F(Labels, SELinuxIsInForceOnceAPolicyHasLabelledThisProcess) {
  EXPECT_FALSE(modules().selinux);
  put("sys/fs/selinux/enforce", "1");
  EXPECT_FALSE(modules().selinux);
  put("proc/self/attr/current", "kernel");
  EXPECT_FALSE(modules().selinux);
  put("proc/self/attr/current", "u:r:init_t:s0");
  EXPECT_TRUE(modules().selinux);
}

TEST_F(Labels, AProfileIsForTheNextExecve) {
  put("proc/7/task/7/attr/apparmor/exec");
  labels(confined("tight", ""), kAppArmor).apply();
  EXPECT_EQ(at("proc/7/task/7/attr/apparmor/exec"), "exec tight");
  EXPECT_EQ(at(exec_), "");
}

TEST_F(Labels, AnOlderKernelHasOneFolderForAllModules) {
  labels(confined("tight", ""), kAppArmor).apply();
  EXPECT_EQ(at(exec_), "exec tight");
}

TEST_F(Labels, ALabelIsForTheNextExecve) {
  labels(confined("", "u:r:t:s0"), kSELinux).apply();
  EXPECT_EQ(at(exec_), "u:r:t:s0");
}

TEST_F(Labels, KeysHaveItToo) {
  labels(confined("", "u:r:t:s0"), kSELinux).label_keys(true);  // no such file: nothing to label
  put("proc/7/task/7/attr/keycreate");
  labels(confined("", "u:r:t:s0"), kSELinux).label_keys(true);
  EXPECT_EQ(at("proc/7/task/7/attr/keycreate"), "u:r:t:s0");
  put("proc/7/task/7/attr/keycreate", "");
  labels(confined("tight", ""), kAppArmor).label_keys(true);
  EXPECT_EQ(at("proc/7/task/7/attr/keycreate"), "");
}

TEST_F(Labels, WhatNoModuleCanApplyIsRefused) {
  EXPECT_EQ(refusal(confined("tight", ""), kSELinux),
            "process.apparmorProfile: 'tight' cannot be applied: AppArmor is not enabled on this "
            "host");
  EXPECT_EQ(refusal(confined("", "u:r:t:s0"), kAppArmor),
            "process.selinuxLabel: 'u:r:t:s0' cannot be applied: SELinux is not enabled on this "
            "host");
}

TEST_F(Labels, UnconfinedIsWhatItIsAnyway) {
  EXPECT_EQ(refusal(confined("unconfined", ""), kNone), "none");
  EXPECT_EQ(at(exec_), "");
  EXPECT_THAT(refusal(confined("unconfined_server", ""), kNone), HasSubstr("cannot be applied"));
  EXPECT_EQ(refusal(confined("unconfined", ""), kAppArmor), "none");
  EXPECT_EQ(at(exec_), "exec unconfined");
}

TEST_F(Labels, NoLinkLeadsElsewhere) {
  put("elsewhere");
  std::filesystem::remove(folder_.path() + "/" + exec_);
  std::filesystem::create_symlink(folder_.path() + "/elsewhere", folder_.path() + "/" + exec_);
  EXPECT_EQ(refusal(confined("tight", ""), kAppArmor),
            "process.apparmorProfile: apply 'tight': too many levels of symbolic links");
  EXPECT_EQ(at("elsewhere"), "");
}

TEST_F(Labels, TheHostsProcIsAProc) {
  EXPECT_NO_THROW(open_host_proc());
}

}  // namespace
}  // namespace berth::runtime::process
