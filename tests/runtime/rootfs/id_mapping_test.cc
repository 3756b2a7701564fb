#include "runtime/rootfs/id_mapping.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "tests/runtime/rootfs/bundle.h"

namespace berth::runtime::rootfs {
namespace {

template <class Function>
std::string error_of(const Function& function) {
  try {
    function();
  } catch (const Error& e) {
    return e.message();
  }
  return "no error";
}

TEST(IdRanges, BadOnesAreNamed) {
  const auto error = [](const char* text) { return error_of([&] { parse_id_ranges(text); }); };
  EXPECT_EQ(error("uids=0-1-1"), "needs both uids and gids");
  EXPECT_EQ(error("users=0-1-1"), "'users' is neither 'uids' nor 'gids'");
  for (const char* range :
       {"0-1", "0-1-0", "0-1-1-1", "a-1-1", "@@1-1-1", "-1-1-1", "0-1-5000000000"}) {
    EXPECT_EQ(error(("uids=" + std::string(range) + ";gids=0-1-1").c_str()),
              "id range '" + std::string(range) + "' is not of the form FILE-HOST-SIZE");
  }
}

class IdMapOf : public ::testing::Test {
 protected:
  MountIdMap map(const IdMapOption& option = {}) const { return id_map_of(mount_, option, spec_); }
  static std::vector<spec::IdMapping> only(uint32_t inside, uint32_t host, uint32_t size) {
    return {{inside, host, size}};
  }
  spec::Mount mount_{.destination = "/a", .type = "bind", .source = "/b", .options = {}};
  spec::Spec spec_;
};

TEST_F(IdMapOf, TheMountsOwnComeFirst) {
  spec_.linux_.uid_mappings = spec_.linux_.gid_mappings = only(0, 100, 10);
  mount_.uid_mappings = only(0, 1, 2);
  mount_.gid_mappings = only(0, 3, 4);
  EXPECT_EQ(map(),
            (MountIdMap{.uids = only(0, 1, 2), .gids = only(0, 3, 4), .user_namespace = {}}));
  EXPECT_TRUE(map({.recursive = true}).recursive);
  EXPECT_EQ(error_of([&] { map(parse_id_ranges("uids=0-1-1;gids=0-1-1")); }),
            "has both uidMappings and a mapping in the option 'idmap'");
}

TEST_F(IdMapOf, TheContainersAreTakenWhereThereAreNoOthers) {
  spec_.linux_.uid_mappings = only(0, 100, 10);
  spec_.linux_.gid_mappings = only(0, 200, 10);
  EXPECT_EQ(map().uids, only(0, 100, 10));
  EXPECT_EQ(map().gids, only(0, 200, 10));
  spec_.linux_.namespaces = {{spec::NamespaceType::user, "/run/user_namespace"}};
  EXPECT_EQ(map(), (MountIdMap{.uids = {}, .gids = {}, .user_namespace = "/run/user_namespace"}));
}

TEST_F(IdMapOf, IdsOfTheContainerAreTranslated) {
  spec_.linux_.uid_mappings = {{0, 1000, 1}, {1, 5000, 100}};
  spec_.linux_.gid_mappings = only(0, 7, 1);
  EXPECT_EQ(map(parse_id_ranges("uids=@1-3-10;gids=@4-0-1")).uids, only(1, 5002, 10));
  EXPECT_EQ(error_of([&] { map(parse_id_ranges("uids=@1-200-10;gids=@4-0-1")); }),
            "id range '@': the container has no id 200");
}

std::string owner(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) < 0) return errno_text(errno);
  return std::to_string(st.st_uid) + ":" + std::to_string(st.st_gid);
}

class IdMapped : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
    if (!can_unshare()) GTEST_SKIP() << "unshare: " << errno_text(errno);
    source_.write("roots", "");
    source_.write("users", "");
    ASSERT_EQ(::chown((source_.path() + "/users").c_str(), 5, 6), 0);
    std::filesystem::create_directories(source_.path() + "/below");
  }
  spec::Mount& bind(std::vector<std::string> options) {
    bundle_.mount("/data", "bind", source_.path(), std::move(options));
    return bundle_.spec.mounts.back();
  }
  void map(uint32_t uid, uint32_t gid, uint32_t size = 10) {
    bundle_.spec.mounts.back().uid_mappings = {{0, uid, size}};
    bundle_.spec.mounts.back().gid_mappings = {{0, gid, size}};
  }
  // What these files show as inside; skips where the kernel cannot.
  std::string owners(As as, const std::string& third = "/data/roots") {
    const Result result = bundle_.enter(as, [third] {
      return owner("/data/roots") + " " + owner("/data/users") + " " + owner(third);
    });
    if (result.error.find("this kernel has no id-mapped mounts") != std::string::npos) {
      return result.error;
    }
    EXPECT_EQ(result.error, "");
    return result.report;
  }
  test::TemporaryFolder source_{0755};
  Bundle bundle_;
};

#define EXPECT_OWNERS(expression, expected)                                          \
  do {                                                                               \
    const std::string seen = expression;                                             \
    if (seen.find("no id-mapped mounts") != std::string::npos) GTEST_SKIP() << seen; \
    EXPECT_EQ(seen, expected);                                                       \
  } while (false)

TEST_F(IdMapped, MappingsImplyTheOption) {
  bind({"rbind"});
  map(100000, 200000);
  EXPECT_OWNERS(owners(As::root), "100000:200000 100005:200006 100000:200000");
}

TEST_F(IdMapped, TheOptionMayBringTheMapping) {
  bind({"bind", "idmap=uids=0-1000-1#5-2000-1;gids=0-3000-10"});
  EXPECT_OWNERS(owners(As::root), "1000:3000 2000:3006 1000:3000");
}

TEST_F(IdMapped, MountsBelowAreMappedByRidmapAlone) {
  bundle_.on_host = [this] {
    check(::unshare(CLONE_NEWNS), "unshare");
    check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make private");
    const std::string below = source_.path() + "/below";
    check(::mount(source_.path().c_str(), below.c_str(), nullptr, MS_BIND, nullptr), "bind");
  };
  bind({"rbind", "idmap"});
  map(1000, 1000);
  EXPECT_OWNERS(owners(As::root, "/data/below/roots"), "1000:1000 1005:1006 0:0");
  bundle_.spec.mounts.back().options = {"rbind", "ridmap"};
  EXPECT_OWNERS(owners(As::root, "/data/below/roots"), "1000:1000 1005:1006 1000:1000");
}

TEST_F(IdMapped, InTheContainersUserNamespace) {
  bundle_.spec.linux_.namespaces = {{spec::NamespaceType::user, {}}};
  bundle_.spec.linux_.uid_mappings = bundle_.spec.linux_.gid_mappings = {{0, 65534, 1}};
  bind({"rbind", "idmap"});
  bundle_.mount("/plain", "bind", source_.path(), {"rbind"});
  EXPECT_OWNERS(owners(As::root_for_user, "/plain/roots"), "0:0 65534:65534 65534:65534");
}

TEST_F(IdMapped, WhatIsWrittenBelongsToTheFirstId) {
  bind({"rbind"});
  map(65534, 65534, 1);
  const Result result =
      bundle_.enter(As::root_for_user, [] { return std::string(writable("/data") ? "w" : "r"); });
  if (result.error.find("no id-mapped mounts") != std::string::npos) GTEST_SKIP() << result.error;
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.report, "w");
}

TEST_F(IdMapped, AUserMayNot) {
  bind({"rbind"});
  map(0, 0);
  EXPECT_EQ(bundle_.enter(As::user).error,
            "mount '/data': id-mapped mounts take root (CAP_SYS_ADMIN): operation not permitted");
}

TEST_F(IdMapped, AFileSystemThatCannotIsNamed) {
  bundle_.mount("/data", "bind", "/proc/sys/kernel", {"rbind"});
  map(1000, 1000);
  EXPECT_EQ(
      bundle_.enter(As::root).error,
      "mount '/data': map the ids of '/proc/sys/kernel': invalid argument (this kernel has no "
      "id-mapped mounts of its file system)");
}

TEST_F(IdMapped, NoDescriptorIsLeft) {
  bind({"rbind"});
  map(1000, 1000);
  const Result result = bundle_.enter(As::root, [] {
    int open = 0;
    for (int fd = 3; fd < 64; ++fd) open += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return std::to_string(open);
  });
  bundle_.spec.mounts.clear();
  const Result without = bundle_.enter(As::root, [] {
    int open = 0;
    for (int fd = 3; fd < 64; ++fd) open += ::fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    return std::to_string(open);
  });
  if (result.error.find("no id-mapped mounts") != std::string::npos) GTEST_SKIP() << result.error;
  EXPECT_EQ(result.report, without.report);
}

}  // namespace
}  // namespace berth::runtime::rootfs
