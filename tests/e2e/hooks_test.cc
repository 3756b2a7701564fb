// The programs that a configuration has run at points of its container's life.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <chrono>

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
            "prestart created true\ncreateRuntime creating true\ncreateContainer creating true\n");
  EXPECT_FALSE(std::filesystem::exists(bundle() + "/rootfs/inside"));
  ASSERT_EQ(berth({"start", c}).status, 0);
  EXPECT_EQ(read_file(AT_FDCWD, bundle() + "/rootfs/inside"), "\"status\": \"created\"\n");
  EXPECT_THAT(said(), ::testing::EndsWith("poststart running true\n"));
  ASSERT_EQ(berth({"delete", "--force", c}).status, 0);
  EXPECT_THAT(said(), ::testing::EndsWith("poststop stopped false\n"));
}

TEST_F(Hooks, OfCreateContainerRunInTheRootFileSystem) {
  configure([&](json& config) {
    config["root"]["readonly"] = false;
    config["hooks"] = {{"createContainer",
                        {{{"path", "/bin/sh"}, {"args", {"sh", "-c", "echo here >./placed"}}}}}};
    config["process"]["args"] = {"cat", "/placed"};
  });
  const Ran ran = berth({"run", "-b", bundle(), id()});
  EXPECT_EQ(ran.out, "here\n") << ran;
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

json failing() {
  return {{"path", "/bin/sh"}, {"args", {"sh", "-c", "echo no >&2; exit 5"}}};
}

// runtime-spec, "Lifecycle": the container is stopped and destroyed, and the poststop hooks run.
class FailingHook : public Hooks, public ::testing::WithParamInterface<const char*> {
 protected:
  void SetUp() override {
    Hooks::SetUp();
    const json good = {{"path", "/bin/true"}};
    configure([&](json& config) {
      config["hooks"] = {{GetParam(), {good, failing()}}, {"poststop", {host_hook("poststop")}}};
    });
    script("exec sleep 300");
  }
  void expect_all_gone(const Ran& ran, const std::string& container) const {
    EXPECT_EQ(ran.status, 1);
    EXPECT_THAT(ran.err, HasSubstr("error running " + std::string(GetParam()) +
                                   " hook #1: '/bin/sh' ended with 5: no"));
    EXPECT_EQ(std::ranges::count(ran.err, '\n'), 1) << ran;
    EXPECT_EQ(said(), "poststop stopped false\n");
    EXPECT_THAT(remains(container), IsEmpty());
    EXPECT_EQ(run({"pgrep", "-f", "berth --root " + root()}).out, "");
  }
  bool is_of_creation() const {
    return GetParam()[0] == 'c' || std::string(GetParam()) == "prestart";
  }
};

INSTANTIATE_TEST_SUITE_P(Kind, FailingHook,
                         ::testing::Values("prestart", "createRuntime", "createContainer",
                                           "startContainer", "poststart"),
                         [](const auto& kind) { return std::string(kind.param); });

TEST_P(FailingHook, EndsRunWithNothingLeft) {
  const std::string c = id();
  expect_all_gone(berth({"run", "-b", bundle(), c}), c);
}

TEST_P(FailingHook, EndsCreateOrStartWithNothingLeft) {
  const std::string c = id();
  const Ran made = berth({"create", "-b", bundle(), c});
  if (is_of_creation()) return expect_all_gone(made, c);
  ASSERT_EQ(made.status, 0) << made;
  expect_all_gone(berth({"start", c}), c);
}

TEST_F(Hooks, APoststopThatFailsTooIsToldBesideTheFirst) {
  configure([&](json& config) {
    config["hooks"] = {{"createRuntime", {failing()}}, {"poststop", {{{"path", "/bin/false"}}}}};
  });
  const Ran made = berth({"create", "-b", bundle(), id()});
  EXPECT_THAT(made.err,
              HasSubstr("createRuntime hook #0: '/bin/sh' ended with 5: no; error running "
                        "poststop hook #0: '/bin/false' ended with 1\n"));
}

TEST_F(Hooks, OneThatASignalEndsIsToldSo) {
  configure([](json& config) {
    config["hooks"] = {
        {"createRuntime", {{{"path", "/bin/sh"}, {"args", {"sh", "-c", "kill -SYS $$"}}}}}};
  });
  const Ran made = berth({"create", "-b", bundle(), id()});
  EXPECT_THAT(made.err, HasSubstr("createRuntime hook #0: '/bin/sh' was killed by signal 31 (bad "
                                  "system call)\n"));
}

TEST_F(Hooks, OneThatOutlivesItsTimeoutIsKilledWithItsChildren) {
  const std::string mark = folder_.path() + "/mark";
  std::filesystem::create_symlink("/bin/sleep", mark);
  configure([&](json& config) {
    config["hooks"] = {{"createRuntime",
                        {{{"path", "/bin/sh"},
                          {"args", {"sh", "-c", mark + " 300 & " + mark + " 300"}},
                          {"timeout", 1}}}}};
  });
  const std::string c = id();
  const Ran made = berth({"create", "-b", bundle(), c});
  EXPECT_EQ(made.status, 1);
  EXPECT_THAT(made.err, HasSubstr("createRuntime hook #0: '/bin/sh' did not end within its timeout "
                                  "of 1 s"));
  EXPECT_THAT(remains(c), IsEmpty());
  EXPECT_EQ(run({"pgrep", "-f", mark}).out, "");
}

TEST_F(Hooks, AChildThatOneLeavesBehindKeepsNobodyWaiting) {
  configure([&](json& config) {
    config["hooks"] = {{"createRuntime",
                        {{{"path", "/bin/sh"},
                          {"args", {"sh", "-c", "exec 5>&1; sleep 30 & echo $! >" + journal()}}}}}};
  });
  script("exit 3");
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(berth({"run", "-b", bundle(), id()}).status, 3);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(25));
  EXPECT_EQ(::kill(std::stoi(said()), SIGKILL), 0) << "it lives on";
}

TEST_F(Hooks, HaveTheirOwnEnvironmentAndInsideElseThePrograms) {
  const auto write_env = [](const std::string& to) {
    return json{{"path", "/bin/sh"},
                {"args", {"sh", "-c", "cat /proc/self/environ | tr '\\0' ' ' >" + to}}};
  };
  json own = write_env(journal() + "2");
  own["env"] = {"A=b"};
  configure([&](json& config) {
    config["root"]["readonly"] = false;
    config["process"]["env"] = {"PATH=/bin", "ONE=two"};
    config["hooks"] = {{"createRuntime", {write_env(journal()), own}},
                       {"startContainer", {write_env("/inside")}}};
  });
  script("exit 0");
  const Ran ran = run({"env", "OF_BERTH=1", kBerth, "--root", root(), "run", "-b", bundle(), id()});
  ASSERT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(said(), ::testing::Not(HasSubstr("OF_BERTH")));
  EXPECT_THAT(read_file(AT_FDCWD, journal() + "2"), HasSubstr("A=b"));
  EXPECT_THAT(read_file(AT_FDCWD, bundle() + "/rootfs/inside"),
              ::testing::AllOf(HasSubstr("ONE=two"), HasSubstr("HOME=")));
}

TEST_F(Hooks, AreToldTheAnnotations) {
  configure([&](json& config) {
    config["annotations"] = {{"org.example.key", "value"}};
    config["hooks"] = {
        {"createRuntime",
         {{{"path", "/bin/sh"},
           {"args", {"sh", "-c", "jq -r '.annotations[\"org.example.key\"]' >" + journal()}},
           {"env", {"PATH=/usr/bin:/bin"}}}}}};
  });
  ASSERT_EQ(berth({"run", "-b", bundle(), id()}).status, 0);
  EXPECT_EQ(said(), "value\n");
}

TEST_F(Hooks, AFailingPoststopIsAWarningAndTheOthersStillRun) {
  configure([&](json& config) {
    config["hooks"] = {{"poststop", {{{"path", "/bin/false"}}, host_hook("second")}}};
  });
  const std::string c = id();
  ASSERT_EQ(berth({"create", "-b", bundle(), c}).status, 0);
  const Ran deleted = berth({"delete", c});
  EXPECT_EQ(deleted.status, 0);
  EXPECT_THAT(deleted.err, HasSubstr("error running poststop hook #0: '/bin/false' ended with 1"));
  EXPECT_THAT(said(), HasSubstr("second stopped"));
  EXPECT_THAT(remains(c), IsEmpty());
}

}  // namespace
}  // namespace berth::test
