// What the tools that people make bundles with really write.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "runtime/spec/parse.h"
#include "tests/support/lacking.h"

namespace berth::runtime::spec {
namespace {

class Tools : public ::testing::Test {
 protected:
  Tools() {
    char name[] = "/tmp/berth-tools-XXXXXX";
    dir_ = ::mkdtemp(name);
  }
  ~Tools() override { std::filesystem::remove_all(dir_); }
  bool run(const std::string& command) const {
    return std::system(("cd " + dir_ + " && " + command + " >/dev/null 2>&1").c_str()) == 0;
  }
  std::string dir_;
};

TEST_F(Tools, RuncSpec) {
  if (const auto why = test::lacks_program("runc"); !why.empty()) GTEST_SKIP() << why;
  ASSERT_TRUE(run("runc spec"));
  const Spec spec = load_bundle(dir_);
  EXPECT_EQ(spec.root->path, "rootfs");
  EXPECT_TRUE(spec.root->readonly);
  EXPECT_EQ(spec.process->args.at(0), "sh");
  EXPECT_TRUE(spec.process->terminal);
  EXPECT_EQ(spec.mounts.size(), 7u);
  EXPECT_TRUE(spec.has_namespace(NamespaceType::network));
}

TEST_F(Tools, RuncSpecRootless) {
  if (const auto why = test::lacks_program("runc"); !why.empty()) GTEST_SKIP() << why;
  ASSERT_TRUE(run("runc spec --rootless"));
  const Spec spec = load_bundle(dir_);
  EXPECT_TRUE(spec.has_namespace(NamespaceType::user));
  EXPECT_FALSE(spec.has_namespace(NamespaceType::network));
  ASSERT_EQ(spec.linux_.uid_mappings.size(), 1u);
  EXPECT_EQ(spec.linux_.uid_mappings[0].host_id, ::getuid());
}

TEST_F(Tools, CrunSpec) {
  if (const auto why = test::lacks_program("crun"); !why.empty()) GTEST_SKIP() << why;
  ASSERT_TRUE(run("crun spec"));
  EXPECT_EQ(load_bundle(dir_).root->path, "rootfs");
}

TEST_F(Tools, UmociUnpack) {
  if (const auto why = test::lacks_program("umoci"); !why.empty()) GTEST_SKIP() << why;
  ASSERT_TRUE(
      run("umoci init --layout img && umoci new --image img:t && "
          "umoci unpack --rootless --image img:t rootless"));
  const Spec rootless = load_bundle(dir_ + "/rootless");
  EXPECT_EQ(rootless.root->path, "rootfs");
  EXPECT_TRUE(rootless.has_namespace(NamespaceType::user));
  const auto sys = std::ranges::find(rootless.mounts, "/sys", &Mount::destination);
  ASSERT_NE(sys, rootless.mounts.end());
  EXPECT_EQ(sys->type, "bind");
  if (::geteuid() != 0) return;
  ASSERT_TRUE(run("umoci unpack --image img:t root"));
  EXPECT_FALSE(load_bundle(dir_ + "/root").has_namespace(NamespaceType::user));
}

}  // namespace
}  // namespace berth::runtime::spec
