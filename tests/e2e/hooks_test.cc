// The programs that a configuration has run at points of its container's life.
#include <fcntl.h>
#include <gmock/gmock.h>

#include "base/file.h"
#include "tests/e2e/runtime_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Each hook appends its name, the status that it was told, and what it sees of two worlds.
class Hooks : public RuntimeFixture {
 protected:
  std::string journal() const { return folder_.path() + "/journal"; }
  json host_hook(const std::string& name) const {
    return {{"path", "/bin/sh"},
            {"args",
             {"sh", "-c",
              "jq -r '\"" + name + " \" + .status + \" \" + (.pid>0|tostring)' >>" + journal()}},
            {"env", {"PATH=/usr/bin:/bin"}}};
  }
  std::string said() const { return read_file_if_exists(AT_FDCWD, journal()).value_or(""); }
};

TEST_F(Hooks, RunInTheSpecificationsOrderWithTheStateOnTheirInput) {
  const json inside = {{"path", "/bin/sh"},
                       {"args", {"sh", "-c", "grep -o '\"status\": \"[a-z]*\"' >/inside"}},
                       {"env", {"PATH=/bin"}}};
  configure([&](json& config) {
    config["root"]["readonly"] = false;
    config["hooks"] = {{"prestart", {host_hook("prestart")}},
                       {"createRuntime", {host_hook("createRuntime")}},
                       {"createContainer", {host_hook("createContainer")}},
                       {"startContainer", {inside}},
                       {"poststart", {host_hook("poststart")}},
                       {"poststop", {host_hook("poststop")}}};
  });
  const std::string c = id();
  const Ran made = berth({"create", "-b", bundle(), c});
  ASSERT_EQ(made.status, 0) << made;
  EXPECT_EQ(said(),
            "prestart creating true\ncreateRuntime creating true\ncreateContainer creating true\n");
  EXPECT_FALSE(std::filesystem::exists(bundle() + "/rootfs/inside"));
  ASSERT_EQ(berth({"start", c}).status, 0);
  EXPECT_EQ(read_file(AT_FDCWD, bundle() + "/rootfs/inside"), "\"status\": \"created\"\n");
  EXPECT_THAT(said(), ::testing::EndsWith("poststart running true\n"));
  ASSERT_EQ(berth({"delete", "--force", c}).status, 0);
  EXPECT_THAT(said(), ::testing::EndsWith("poststop stopped false\n"));
}

TEST_F(Hooks, ASignalToRunMeanwhileGoesToTheProgram) {
  const std::string hook =
      "until test -e " + bundle() + "/rootfs/up; do sleep 0.01; done; kill -USR1 $PPID";
  configure([&](json& config) {
    config["root"]["readonly"] = false;
    config["hooks"] = {
        {"poststart", {{{"path", "/bin/sh"}, {"args", {"sh", "-c", hook}}, {"timeout", 60}}}}};
  });
  script("trap 'exit 4' USR1; echo >/up; while :; do sleep 0.05; done");
  const std::string c = id();
  EXPECT_EQ(berth({"run", "-b", bundle(), c}).status, 4);
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(Hooks, OneThatFailsEndsTheCreationAndIsNamed) {
  for (const char* kind : {"prestart", "createRuntime", "createContainer"}) {
    configure([&](json& config) {
      config["hooks"] = {
          {kind, {{{"path", "/bin/sh"}, {"args", {"sh", "-c", "echo no >&2; exit 5"}}}}}};
    });
    const std::string c = id(kind);
    const Ran made = berth({"create", "-b", bundle(), c});
    EXPECT_EQ(made.status, 1);
    EXPECT_THAT(made.err,
                HasSubstr(std::string("hooks.") + kind + "[0]: '/bin/sh' ended with 5: no"));
    EXPECT_THAT(remains(c), IsEmpty());
  }
}

TEST_F(Hooks, AFailingPoststartStopsTheContainer) {
  configure([](json& config) { config["hooks"] = {{"poststart", {{{"path", "/bin/false"}}}}}; });
  script("exec sleep 300");
  const std::string c = id();
  ASSERT_EQ(berth({"create", "-b", bundle(), c}).status, 0);
  const Ran started = berth({"start", c});
  EXPECT_EQ(started.status, 1);
  EXPECT_THAT(started.err, HasSubstr("hooks.poststart[0]: '/bin/false' ended with 1"));
  EXPECT_EQ(status(c), "stopped");
}

TEST_F(Hooks, OneThatOutlivesItsTimeoutIsKilled) {
  configure([&](json& config) {
    config["hooks"] = {
        {"createRuntime", {{{"path", "/bin/sleep"}, {"args", {"sleep", "300"}}, {"timeout", 1}}}}};
  });
  const std::string c = id();
  const Ran made = berth({"create", "-b", bundle(), c});
  EXPECT_EQ(made.status, 1);
  EXPECT_THAT(made.err, HasSubstr("did not end within its timeout of 1 s"));
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(Hooks, AFailingPoststopIsAWarningAndTheOthersStillRun) {
  configure([&](json& config) {
    config["hooks"] = {{"poststop", {{{"path", "/bin/false"}}, host_hook("second")}}};
  });
  const std::string c = id();
  ASSERT_EQ(berth({"create", "-b", bundle(), c}).status, 0);
  const Ran deleted = berth({"delete", c});
  EXPECT_EQ(deleted.status, 0);
  EXPECT_THAT(deleted.err, HasSubstr("hooks.poststop[0]: '/bin/false' ended with 1"));
  EXPECT_THAT(said(), HasSubstr("second stopped"));
  EXPECT_THAT(remains(c), IsEmpty());
}

}  // namespace
}  // namespace berth::test
