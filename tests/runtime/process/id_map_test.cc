#include "runtime/process/id_map.h"

#include <gmock/gmock.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>

#include "base/error.h"
#include "runtime/process/user.h"
#include "tests/runtime/process/in_child.h"

namespace berth::runtime::process {
namespace {

using Map = std::vector<spec::IdMapping>;
const Map kRanges{{0, 100000, 1000}, {5000, 200000, 1}};

TEST(IdMap, ReadsBackWhatItWrites) {
  EXPECT_EQ(map_text(kRanges), "0 100000 1000\n5000 200000 1\n");
  EXPECT_EQ(parse_map(map_text(kRanges)), kRanges);
  EXPECT_EQ(parse_map("         0          0 4294967295\n"), (Map{{0, 0, 4294967295U}}));
}

TEST(IdMap, KnowsWhatIsMapped) {
  EXPECT_TRUE(maps(kRanges, 0));
  EXPECT_TRUE(maps(kRanges, 999));
  EXPECT_FALSE(maps(kRanges, 1000));
  EXPECT_TRUE(maps(kRanges, 5000));
  EXPECT_EQ(describe(kRanges), "0 to 999, 5000");
  EXPECT_EQ(describe({}), "none");
}

TEST(IdMap, OneIdIsWrittenFromInsideWithoutRights) {
  EXPECT_EQ(test::in_child([] {
              check(::setresgid(1234, 1234, 1234), "setresgid");
              check(::setresuid(65534, 65534, 65534), "setresuid");
              check(::prctl(PR_SET_DUMPABLE, 1), "prctl");
              const IdMaps own{{{0, 65534, 1}}, {{7, 1234, 1}}};
              if (!own_id_only(own)) return std::string("not own");
              check(::unshare(CLONE_NEWUSER), "unshare");
              write_own_maps(own);
              return std::to_string(::getuid()) + " " + std::to_string(::getgid());
            }),
            "0 7");
}

TEST(IdMap, RangesAreNotAProcessOwn) {
  EXPECT_FALSE(own_id_only({kRanges, {{0, ::getegid(), 1}}}));
  EXPECT_FALSE(own_id_only({{{0, ::geteuid(), 2}}, {{0, ::getegid(), 1}}}));
  EXPECT_FALSE(own_id_only({{{0, ::geteuid() + 1, 1}}, {{0, ::getegid(), 1}}}));
}

TEST(MapWriter, WritesRangesFromOutside) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  EXPECT_EQ(test::in_child([] {
              MapWriter writer({kRanges, kRanges});
              check(::unshare(CLONE_NEWUSER), "unshare");
              writer.write();
              const spec::User user{5000, 5000, {}, {3, 4}};
              require_mapped(user);
              become_owner(user, Groups::replace);
              const std::string owner = std::to_string(::getuid());
              become(user, Groups::replace);
              return owner + " " + test::status_of("Uid") + " " + test::status_of("Groups");
            }),
            "0 5000\t5000\t5000\t5000 3 4 ");
}

TEST(MapWriter, PassesOnWhyItFailed) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  EXPECT_THAT(test::in_child([] {
                MapWriter writer({{{0, 1, 0}}, {{0, 1, 0}}});
                check(::unshare(CLONE_NEWUSER), "unshare");
                writer.write();
                return std::string("written");
              }),
              ::testing::MatchesRegex("error: write '/proc/[0-9]+/gid_map': invalid argument"));
}

TEST(MapWriter, EndsWhereTheNamespaceIsNeverMade) {
  EXPECT_EQ(test::in_child([] {
              { const MapWriter writer({kRanges, kRanges}); }
              return std::string(::waitpid(-1, nullptr, WNOHANG) < 0 ? "gone" : "left");
            }),
            "gone");
}

// The site's grant, in this process' mount namespace alone.
void grant(const std::string& ranges) {
  check(::unshare(CLONE_NEWNS), "unshare");
  check(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount");
  for (const char* file : {"/etc/subuid", "/etc/subgid"}) {
    char name[] = "/tmp/berth-grant-XXXXXX";
    const UniqueFd copy(check(::mkstemp(name), "mkstemp"));
    write_all(copy.get(), ranges, name);
    const int rc = ::mount(name, file, nullptr, MS_BIND, nullptr);
    const int code = errno;
    ::unlink(name);
    if (rc != 0) throw Error("mount", file, code);
  }
}

std::string map_by_program(const std::string& granted, const Map& wanted) {
  return test::in_child([&] {
    grant(granted);
    check(::setgroups(0, nullptr), "setgroups");
    check(::setresgid(65534, 65534, 65534), "setresgid");
    check(::setresuid(65534, 65534, 65534), "setresuid");
    check(::prctl(PR_SET_DUMPABLE, 1), "prctl");
    MapWriter writer({wanted, wanted});
    check(::unshare(CLONE_NEWUSER), "unshare");
    writer.write();
    become({33, 33, {}, {5}}, allowed_groups());
    return test::status_of("Uid") + " " + test::status_of("Groups");
  });
}

TEST(MapWriter, GivesAUserTheRangesThatTheSiteGrants) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  EXPECT_EQ(map_by_program("nobody:300000:1000\n", {{0, 65534, 1}, {1, 300000, 1000}}),
            "33\t33\t33\t33 5 ");
}

TEST(MapWriter, PassesOnWhatTheProgramSays) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  EXPECT_THAT(
      map_by_program("somebody:300000:1000\n", {{0, 65534, 1}, {1, 300000, 1000}}),
      ::testing::AllOf(::testing::StartsWith("error: map ids by newgidmap (0, 1 to 1000): "),
                       ::testing::HasSubstr("not allowed")));
}

TEST(User, RefusesAnIdThatIsNotMapped) {
  EXPECT_EQ(test::in_child([] {
              const IdMaps own{{{0, ::geteuid(), 1}}, {{0, ::getegid(), 1}}};
              check(::unshare(CLONE_NEWUSER), "unshare");
              write_own_maps(own);
              require_mapped({1000, 0, {}, {}});
              return std::string("taken");
            }),
            "error: process.user.uid 1000 is not mapped in the user namespace, which has 0");
}

TEST(User, KeepsTheJobsGroupsWhereTheNamespaceDeniesSetgroups) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  EXPECT_EQ(test::in_child([] {
              const std::vector<gid_t> groups{1234};
              check(::setgroups(1, groups.data()), "setgroups");
              check(::setresgid(1234, 1234, 1234), "setresgid");
              check(::setresuid(65534, 65534, 65534), "setresuid");
              check(::prctl(PR_SET_DUMPABLE, 1), "prctl");
              check(::unshare(CLONE_NEWUSER), "unshare");
              write_own_maps({{{0, 65534, 1}}, {{7, 1234, 1}}});
              if (allowed_groups() != Groups::keep) return std::string("may set groups");
              become({0, 7, 0027, {5}}, Groups::keep);
              return test::status_of("Groups") + test::status_of("Gid") + " " +
                     test::status_of("Umask");
            }),
            "7 7\t7\t7\t7 0027");
}

}  // namespace
}  // namespace berth::runtime::process
