// What `spec` writes is what the parser takes, and what `features` says is what the parser knows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "launcher/verbs/features.h"
#include "launcher/verbs/spec.h"
#include "runtime/rootfs/mount_options.h"
#include "runtime/spec/parse.h"

namespace berth::launcher {
namespace {

using nlohmann::json;
using runtime::spec::NamespaceType;
using ::testing::Contains;
using ::testing::Each;
using ::testing::IsSupersetOf;
using ::testing::Not;
using ::testing::StartsWith;

TEST(DefaultConfig, IsUnderstoodWithoutAWarning) {
  const auto spec = runtime::spec::parse_spec(default_config({}));
  EXPECT_TRUE(spec.warnings.empty());
  ASSERT_TRUE(spec.process);
  EXPECT_TRUE(spec.process->terminal);
  EXPECT_TRUE(spec.process->no_new_privileges);
  EXPECT_EQ(spec.mounts.size(), 7u);
  EXPECT_TRUE(spec.has_namespace(NamespaceType::network));
  EXPECT_FALSE(spec.has_namespace(NamespaceType::cgroup));
  EXPECT_FALSE(spec.has_namespace(NamespaceType::user));
  EXPECT_TRUE(runtime::spec::parse_spec(default_config({.cgroup_namespace = true}))
                  .has_namespace(NamespaceType::cgroup));
}

TEST(DefaultConfig, ForAUserMapsHimAlone) {
  const auto text = default_config({.rootless = true, .uid = 1000, .gid = 100});
  const auto spec = runtime::spec::parse_spec(text);
  EXPECT_TRUE(spec.has_namespace(NamespaceType::user));
  EXPECT_FALSE(spec.has_namespace(NamespaceType::network));
  ASSERT_EQ(spec.linux_.uid_mappings.size(), 1u);
  EXPECT_EQ(spec.linux_.uid_mappings[0].host_id, 1000u);
  EXPECT_EQ(spec.linux_.gid_mappings[0].host_id, 100u);
  for (const auto& mount : spec.mounts) {
    EXPECT_THAT(mount.options, Each(Not(StartsWith("gid=")))) << mount.destination;
    if (mount.destination == "/sys") {
      EXPECT_THAT(mount.options, Contains("rbind"));
    }
  }
  EXPECT_FALSE(json::parse(text)["linux"].contains("resources"));
}

TEST(Features, AreWhatTheParserTakes) {
  const json features = json::parse(features_json());
  const json& linux_part = features["linux"];
  EXPECT_THAT(features["hooks"], IsSupersetOf({"prestart", "startContainer", "poststop"}));
  EXPECT_THAT(linux_part["namespaces"], Contains("time"));
  EXPECT_THAT(linux_part["capabilities"], Contains("CAP_CHECKPOINT_RESTORE"));
  EXPECT_THAT(linux_part["seccomp"]["archs"], Contains("SCMP_ARCH_X86_64"));
  EXPECT_THAT(linux_part["seccomp"]["supportedFlags"], Contains("SECCOMP_FILTER_FLAG_LOG"));
  EXPECT_THAT(linux_part["memoryPolicy"]["modes"], Contains("MPOL_BIND"));
  for (const json& action : linux_part["seccomp"]["actions"]) {
    json config = json::parse(default_config({}));
    config["linux"]["seccomp"] = {{"defaultAction", action}};
    EXPECT_NO_THROW(runtime::spec::parse_spec(config.dump())) << action;
  }
}

TEST(Features, MountOptionsAreNoneOfAFileSystem) {
  const json features = json::parse(features_json());
  EXPECT_THAT(features["mountOptions"], IsSupersetOf({"ro", "rro", "rbind", "rslave", "tmpcopyup",
                                                      "nosymfollow", "lazytime", "idmap"}));
  EXPECT_TRUE(features["linux"]["mountExtensions"]["idmap"]["enabled"]);
  for (const json& option : features["mountOptions"]) {
    const auto parsed = runtime::rootfs::parse_options({option.get<std::string>()});
    for (const auto& [key, value] : parsed.data) {
      EXPECT_THAT((std::vector<std::string>{"dirsync", "lazytime", "mand", "sync"}), Contains(key));
    }
  }
}

}  // namespace
}  // namespace berth::launcher
