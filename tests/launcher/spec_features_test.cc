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

TEST(Features, SayThatContainersCanBeSaved) {
  const json features = json::parse(features_json());
  EXPECT_EQ(features["annotations"].value("org.opencontainers.runc.checkpoint.enabled", ""),
            "true");
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
  const auto takes = [](const json& patch) {
    json config = json::parse(default_config({}));
    config.merge_patch(patch);
    EXPECT_NO_THROW(runtime::spec::parse_spec(config.dump())) << patch;
  };
  for (const json& name : linux_part["namespaces"]) {
    takes({{"hostname", ""}, {"linux", {{"namespaces", {{{"type", name}}}}}}});
  }
  for (const json& name : features["hooks"]) {
    takes({{"hooks", {{name.get<std::string>(), {{{"path", "/h"}}}}}}});
  }
  for (const json& mode : linux_part["memoryPolicy"]["modes"]) {
    const bool bare = mode == "MPOL_DEFAULT" || mode == "MPOL_LOCAL";
    takes({{"linux", {{"memoryPolicy", {{"mode", mode}, {"nodes", bare ? "" : "0"}}}}}});
  }
  for (const json& flag : linux_part["memoryPolicy"]["flags"]) {
    const json policy{{"mode", "MPOL_BIND"}, {"nodes", "0"}, {"flags", json::array({flag})}};
    takes({{"linux", {{"memoryPolicy", policy}}}});
  }
  for (const auto& [list, property] :
       {std::pair{"archs", "architectures"}, {"knownFlags", "flags"}}) {
    for (const json& name : linux_part["seccomp"][list]) {
      takes({{"linux",
              {{"seccomp",
                {{"defaultAction", "SCMP_ACT_ALLOW"}, {property, json::array({name})}}}}}});
    }
  }
  for (const json& op : linux_part["seccomp"]["operators"]) {
    const json arg{{"index", 0}, {"value", 1}, {"op", op}};
    const json rule{{"names", {"read"}}, {"action", "SCMP_ACT_KILL"}, {"args", json::array({arg})}};
    takes({{"linux",
            {{"seccomp",
              {{"defaultAction", "SCMP_ACT_ALLOW"}, {"syscalls", json::array({rule})}}}}}});
  }
  for (const json& action : linux_part["seccomp"]["actions"]) {
    json config = json::parse(default_config({}));
    config["linux"]["seccomp"] = {
        {"defaultAction", "SCMP_ACT_ALLOW"},
        {"listenerPath", "/run/agent"},
        {"syscalls", json::array({{{"names", {"acct"}}, {"action", action}}})}};
    EXPECT_NO_THROW(runtime::spec::parse_spec(config.dump())) << action;
  }
}

TEST(Features, MountOptionsAreNoneOfAFileSystem) {
  const json features = json::parse(features_json());
  EXPECT_THAT(features["mountOptions"], IsSupersetOf({"ro", "rro", "rbind", "rslave", "tmpcopyup",
                                                      "nosymfollow", "lazytime", "idmap"}));
  EXPECT_TRUE(features["linux"]["mountExtensions"]["idmap"]["enabled"]);
  EXPECT_TRUE(features["linux"]["netDevices"]["enabled"]);
  for (const json& option : features["mountOptions"]) {
    const auto parsed = runtime::rootfs::parse_options({option.get<std::string>()});
    for (const auto& [key, value] : parsed.data) {
      EXPECT_THAT((std::vector<std::string>{"dirsync", "lazytime", "mand", "sync"}), Contains(key));
    }
  }
}

}  // namespace
}  // namespace berth::launcher
