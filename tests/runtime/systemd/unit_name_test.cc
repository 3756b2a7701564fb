#include "runtime/systemd/unit_name.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/message_of.h"

namespace berth::runtime::systemd {
namespace {

using test::message_of;

UnitName parsed(const std::string& path, bool of_user = false) {
  return parse_cgroups_path(path, "id", of_user);
}

struct Accepted {
  const char *path, *slice, *unit, *cgroup;
};
void PrintTo(const Accepted& of, std::ostream* out) {
  *out << of.path;
}

class Names : public ::testing::TestWithParam<Accepted> {};

TEST_P(Names, GiveSliceUnitAndCgroup) {
  const Accepted& of = GetParam();
  const UnitName name = parsed(of.path);
  EXPECT_EQ(name, (UnitName{of.slice, of.unit}));
  EXPECT_EQ(cgroup_of(name), of.cgroup);
}

INSTANTIATE_TEST_SUITE_P(
    UnitName, Names,
    ::testing::Values(Accepted{"", "system.slice", "berth-id.scope", "system.slice/berth-id.scope"},
                      Accepted{"system.slice:p:n", "system.slice", "p-n.scope",
                               "system.slice/p-n.scope"},
                      Accepted{":p:n", "system.slice", "p-n.scope", "system.slice/p-n.scope"},
                      Accepted{"::n", "system.slice", "-n.scope", "system.slice/-n.scope"},
                      Accepted{"a-b-c.slice:p:n", "a-b-c.slice", "p-n.scope",
                               "a.slice/a-b.slice/a-b-c.slice/p-n.scope"},
                      Accepted{"user-1000.slice:p:n", "user-1000.slice", "p-n.scope",
                               "user.slice/user-1000.slice/p-n.scope"},
                      Accepted{"-.slice:p:n", "-.slice", "p-n.scope", "p-n.scope"},
                      Accepted{"-:p:n", "-.slice", "p-n.scope", "p-n.scope"},
                      Accepted{"a.slice:p:a-b.slice", "a.slice", "a-b.slice", "a.slice/a-b.slice"},
                      Accepted{"::memory.slice", "system.slice", "memory.slice", "_memory.slice"},
                      Accepted{":_p:n", "system.slice", "_p-n.scope", "system.slice/__p-n.scope"}));

TEST(UnitName, OfAUserIsInUserSlice) {
  EXPECT_EQ(parsed("", true), (UnitName{"user.slice", "berth-id.scope"}));
  EXPECT_EQ(parsed(":p:n", true).slice, "user.slice");
}

TEST(UnitName, EscapesWhatAnIdMayHaveAndAUnitMayNot) {
  EXPECT_EQ(parse_cgroups_path("", "a+b", false).unit, "berth-a\\x2bb.scope");
}

struct Refused {
  std::string path, why;
};
void PrintTo(const Refused& of, std::ostream* out) {
  *out << of.path;
}

class BadNames : public ::testing::TestWithParam<Refused> {};

TEST_P(BadNames, AreRefusedWithTheKey) {
  const Refused& of = GetParam();
  EXPECT_EQ(message_of([&] { (void)parsed(of.path); }),
            "config.json: linux.cgroupsPath: '" + of.path + "': " + of.why);
}

const std::string kTriple = "systemd wants SLICE:PREFIX:NAME, as in 'system.slice:berth:web'";
std::string no_slice(const std::string& name) {
  return "'" + name + "' is not a slice: NAME.slice is, with '-' between the parts of NAME";
}

INSTANTIATE_TEST_SUITE_P(
    UnitName, BadNames,
    ::testing::Values(Refused{"/berth/x", kTriple}, Refused{"a.slice:n", kTriple},
                      Refused{"a.slice:p:n:m", kTriple}, Refused{"a:p:n", no_slice("a")},
                      Refused{".slice:p:n", no_slice(".slice")},
                      Refused{"a.slice/b.slice:p:n", no_slice("a.slice/b.slice")},
                      Refused{"a--b.slice:p:n", no_slice("a--b.slice")},
                      Refused{"-a.slice:p:n", no_slice("-a.slice")},
                      Refused{"a-.slice:p:n", no_slice("a-.slice")},
                      Refused{"a.slice:p:", "NAME is empty"},
                      Refused{"a.slice::b--c.slice",
                              "'b--c.slice' is not a slice that can be made"},
                      Refused{"a.slice::-.slice", "'-.slice' is not a slice that can be made"},
                      Refused{"a.slice:p:n/m",
                              "'p-n/m.scope' is not a unit's name: letters, digits and -_.\\ are, "
                              "at most 255 of them"}));

TEST(UnitName, IsNoLongerThanSystemdTakes) {
  EXPECT_NO_THROW((void)parsed(":p:" + std::string(247, 'n')));
  EXPECT_NE(message_of([] { (void)parsed(":p:" + std::string(248, 'n')); }), "");
}

}  // namespace
}  // namespace berth::runtime::systemd
