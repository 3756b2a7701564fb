// Mistakes on berth's own command line, in bundles and in the policy: one line that says what is
// wrong, exit status 125 (1 of an OCI runtime's verb), nothing run on the host and nothing left
// behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/e2e/bad_case.h"
#include "tests/e2e/leftovers.h"
#include "tests/support/lacking.h"
#include "tests/support/shell.h"

namespace berth::test {
namespace {

using ::testing::IsEmpty;
using ::testing::MatchesRegex;
const std::string kBerth = BERTH_BINARY_DIR "/berth";

// In all texts NAME stands for the last word of the test's folder.
constexpr const char* kMachine = "pack:2 [numa] l3:1(indexes=0,1 size=11MiB) core:2 pu:1";
const std::string kSeeHelp = " (see berth --help)";

class BadInputTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "a policy is root's: " << errno_text(EPERM);
  }

  std::string here(const std::string& text) const {
    return replaced(replaced(text, "DIR", folder_.path()), "NAME", folder_.name());
  }

  Ran berth(const Words& words) const {
    Words all{kBerth};
    for (const std::string& word : words) all.push_back(here(word));
    return run(all, {.directory = "/"});
  }

  OpenFolder folder_;
};

class BadInput : public BadInputTest, public ::testing::WithParamInterface<BadCase> {};

TEST_P(BadInput, IsToldInOneLine) {
  const std::string before = default_schemata();
  folder_.write("bundle/config.json", here(kConfig));
  folder_.write("bundle/rootfs/empty", "");
  for (const auto& [name, text] : GetParam().files) folder_.write(name, here(text));
  if (GetParam().change != nullptr)
    GetParam().change(folder_.path() + "/bundle", folder_.path() + "/policy.json");
  const Ran ran = berth(GetParam().words);
  EXPECT_EQ(ran.err, "berth: " + here(GetParam().message) + "\n");
  EXPECT_EQ(ran.out, "");
  const bool of_runtime = !GetParam().words.empty() && GetParam().words.front() == "run";
  EXPECT_EQ(ran.status, of_runtime ? 1 : 125);
  EXPECT_FALSE(folder_.has("marker"));
  EXPECT_THAT(leftovers(folder_.path()), IsEmpty());
  EXPECT_EQ(default_schemata(), before);
}

// `launch` and `run` with the same bundle.
Words launch(Words options) {
  options.insert(options.begin(), "launch");
  options.insert(options.end(), {"--bundle", "DIR/bundle", "--", "touch", "DIR/marker"});
  return options;
}

void remove_config(const std::string& bundle, const std::string&) {
  ::unlink((bundle + "/config.json").c_str());
}

std::vector<BadCase> bundles() {
  const std::string config_json = "bundle 'DIR/bundle': config.json: ";
  struct Bundle {
    std::string name, message;
    std::map<std::string, std::string> files = {};
    decltype(BadCase::change) change = nullptr;
    std::string path = "DIR/bundle";
  };
  const std::vector<Bundle> wrong{
      {"NoBundle", "no such bundle 'DIR/none'", {}, nullptr, "DIR/none"},
      {"BundleIsAFile",
       "bundle 'DIR/bundle/config.json' is not a directory",
       {},
       nullptr,
       "DIR/bundle/config.json"},
      {"NoConfig", "bundle 'DIR/bundle' has no config.json", {}, remove_config},
      {"EmptyConfig",
       config_json + "line 1, column 1: syntax error while parsing value - unexpected end of "
                     "input; expected '[', '{', or a literal",
       {{kConfigFile, ""}}},
      {"BrokenJson",
       config_json + "line 3, column 15: syntax error while parsing object key - unexpected ','; "
                     "expected string literal",
       {{kConfigFile, "{\n  \"ociVersion\": \"1.0.2\",\n  \"process\": {,\n}\n"}}},
      {"UnfinishedJson",
       config_json + "line 2, column 24: syntax error while parsing object - unexpected end of "
                     "input; expected '}'",
       {{kConfigFile, "{\n  \"ociVersion\": \"1.0.2\""}}},
      {"PropertyTwice",
       config_json + "property 'ociVersion' is given twice in one object",
       {{kConfigFile, R"({"ociVersion": "1.0.2", "ociVersion": "1.0.2"})"}}},
      {"ArgsOfTheWrongType",
       config_json + "process.args: expected an array of strings, found a string",
       {{kConfigFile, replaced(kConfig, R"(["touch", "DIR/marker"])", R"("touch DIR/marker")")}}},
      {"ArgumentOfTheWrongType",
       config_json + "process.args[0]: expected a string, found a number",
       {{kConfigFile, replaced(kConfig, R"("touch", )", "7, ")}}},
      {"NamespaceOfTheWrongType",
       config_json + "linux.namespaces[0].type: expected a string, found an array",
       {{kConfigFile, replaced(kConfig, R"({"type": "mount"})", R"({"type": ["mount"]})")}}},
      {"UnknownNamespace",
       config_json + "linux.namespaces[0].type: 'mountain' is not a namespace: one of mount, pid, "
                     "network, ipc, uts, user, cgroup, time",
       {{kConfigFile, replaced(kConfig, R"("mount")", R"("mountain")")}}},
      {"NoRoot",
       config_json + "root.path: missing",
       {{kConfigFile, replaced(kConfig, R"("path": "rootfs")", "")}}},
      {"NoProcess",
       config_json + "process: missing",
       {{kConfigFile, R"({"ociVersion": "1.0.2", "root": {"path": "/"}})"}}},
      {"OldVersion",
       config_json + "ociVersion: '0.9' is not a version of the runtime specification, 1.x.y",
       {{kConfigFile, replaced(kConfig, "1.0.2", "0.9")}}},
  };
  std::vector<BadCase> cases;
  for (const Bundle& w : wrong) {
    cases.push_back({"Launch" + w.name,
                     {"launch", "--bundle", w.path, "--", "touch", "DIR/marker"},
                     w.message,
                     w.files,
                     w.change});
    cases.push_back(
        {"Run" + w.name, {"run", "--bundle", w.path, "NAME"}, w.message, w.files, w.change});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Bundle, BadInput, ::testing::ValuesIn(bundles()), name_of);

std::vector<BadCase> options() {
  const std::vector<BadCase> wrong{
      {"L3OfNothing", {"--l3=0"}, wrong_amount("0", "it is nothing")},
      {"L3OfNoWays", {"--l3=0w"}, wrong_amount("0w", "it is nothing")},
      {"L3OfMoreThanAll", {"--l3=101%"}, wrong_amount("101%", "it is more than the whole")},
      {"L3WithoutAUnit", {"--l3=4"}, wrong_amount("4", "it has no unit")},
      {"L3OfUnknownUnit", {"--l3=4x"}, wrong_amount("4x", "'x' is no unit")},
      {"L3OfNegativeWays",
       {"--l3=-4w"},
       wrong_amount("-4w", "it does not begin with a whole number")},
      {"L3OfTwoLines", {"--l3=4\nw"}, wrong_amount("4?w", "'?w' is no unit")},
      {"L3OfWaysThatNoCacheHas",
       {"--l3=65w"},
       wrong_amount("65w", "no cache has more than 64 ways")},
      {"L3Empty", {"--l3="}, wrong_amount("", "it is empty") + kSeeHelp},
      {"L3EmptyWord", {"--l3", ""}, wrong_amount("", "it is empty") + kSeeHelp},
      {"L3EmptyBeforeAnOption",
       {"--l3=", "--pids", "3"},
       wrong_amount("", "it is empty") + kSeeHelp},
      {"L3ShareAlone", {"--l3-share"}, "--l3-share needs --l3"},
      {"CoresThatAreNoList",
       {"--cores=zero"},
       "--cores=zero: read CPU list 'zero': invalid argument"},
      {"MemoryOfUnknownUnit", {"--memory=4x"}, "--memory=4x: not a size such as 512MiB or 4GiB"},
      {"MemoryOfNothing", {"--memory=0"}, "--memory=0: not a size such as 512MiB or 4GiB"},
      {"NoProcesses", {"--pids=0"}, "--pids: Value 0 not in range 1 to 2147483647" + kSeeHelp},
      {"UnknownOption", {"--l4=50%"}, "unexpected argument '--l4=50%'" + kSeeHelp},
  };
  std::vector<BadCase> cases;
  for (const BadCase& w : wrong) {
    cases.push_back({"Launch" + w.name, launch(w.words), w.message});
    Words plan{"plan", "--machine", kMachine};
    plan.insert(plan.end(), w.words.begin(), w.words.end());
    cases.push_back({"Plan" + w.name, plan, w.message});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Option, BadInput, ::testing::ValuesIn(options()), name_of);

const std::vector<BadCase> kCommandLines{
    {"NoVerb", {}, "a subcommand is required" + kSeeHelp},
    {"UnknownVerb", {"begin"}, "unknown verb 'begin'" + kSeeHelp},
    {"NoTasks", launch({"-n", "0"}), "--tasks: Value 0 not in range 1 to 4096" + kSeeHelp},
    {"RunWithoutId", {"run", "--bundle", "DIR/bundle"}, "id is required" + kSeeHelp},
    {"RunWithAPathForId",
     {"run", "--bundle", "DIR/bundle", "../id"},
     "container ID '../id': invalid character or length: letters, digits and _+-. are allowed, no "
     "dot in front, at most 200"},
    {"RunWithTwoLinesForId",
     {"run", "--bundle", "DIR/bundle", "a\nb"},
     "container ID 'a\\x0ab': invalid character or length: letters, digits and _+-. are allowed, "
     "no dot in front, at most 200"},
    {"MoreWaysThanExist",
     {"plan", "--machine", kMachine, "--l3=12w"},
     "--l3=12w refused: L3 0: 12 ways asked, it has only 11"},
    {"MoreBytesThanExist",
     {"plan", "--machine", kMachine, "--l3=12MiB"},
     "--l3=12MiB refused: L3 0: 12 ways asked, it has only 11"},
    {"AllWays",
     {"plan", "--machine", kMachine, "--l3=100%"},
     "--l3=100% refused: L3 0: 11 of 11 ways asked, 10 free (default keeps 1)"},
    {"UnknownMachine",
     {"plan", "--machine", "castle:3"},
     "read synthetic machine 'castle:3': invalid argument"},
    {"MachineThatIsNoXml",
     {"plan", "--machine", "DIR/bundle/config.json"},
     "read hwloc XML 'DIR/bundle/config.json': invalid argument"},
};

INSTANTIATE_TEST_SUITE_P(CommandLine, BadInput, ::testing::ValuesIn(kCommandLines), name_of);

void give_away(const std::string&, const std::string& policy) {
  check(::chown(policy.c_str(), 65534, 65534), "chown", policy);
}

void open_to_all(const std::string&, const std::string& policy) {
  check(::chmod(policy.c_str(), 0666), "chmod", policy);
}

void make_link(const std::string&, const std::string& policy) {
  check(::rename(policy.c_str(), (policy + ".other").c_str()), "rename", policy);
  check(::symlink("policy.json.other", policy.c_str()), "symlink", policy);
}

void give_drop_in_away(const std::string&, const std::string& policy) {
  const std::string drop_in = policy.substr(0, policy.size() - 5) + ".d/50.json";
  check(::chown(drop_in.c_str(), 65534, 65534), "chown", drop_in);
}

std::vector<BadCase> policies() {
  const std::string refused = "refuse policy 'DIR/policy.json': ";
  const std::vector<BadCase> wrong{
      {"Absent", {}, "open 'DIR/policy.json': no such file or directory"},
      {"NotRoots",
       {},
       refused + "it belongs to uid 65534, not to root",
       {{kPolicyFile, "{}"}},
       give_away},
      {"WritableByOthers",
       {},
       refused + "others than root may write it (chmod go-w)",
       {{kPolicyFile, "{}"}},
       open_to_all},
      {"Link", {}, refused + "it is a symbolic link", {{kPolicyFile, "{}"}}, make_link},
      {"Folder", {}, refused + "it is not a regular file", {{kPolicyFile + "/x", ""}}},
      {"BrokenJson",
       {},
       "DIR/policy.json: line 2, column 26: not valid JSON",
       {{kPolicyFile, "{\n  \"rdt\": {\"floorWays\": 1,}\n}\n"}}},
      {"NoObject",
       {},
       "DIR/policy.json: expected an object, found an array",
       {{kPolicyFile, "[]"}}},
      {"UnknownKey",
       {},
       "DIR/policy.json: cpus: unknown key; allowed are " + kPolicyKeys,
       {{kPolicyFile, R"({"cpus": 4})"}}},
      {"UnknownKeyInside",
       {},
       "DIR/policy.json: limits.pids: unknown key; allowed are taskMemory, taskPids, jobPids",
       {{kPolicyFile, R"({"limits": {"pids": 1}})"}}},
      {"WrongType",
       {},
       "DIR/policy.json: rdt.floorWays: expected a whole number, found a string",
       {{kPolicyFile, R"({"rdt": {"floorWays": "2"}})"}}},
      {"OutOfRange",
       {},
       "DIR/policy.json: limits.taskPids: expected a whole number from 1 up, found 0",
       {{kPolicyFile, R"({"limits": {"taskPids": 0}})"}}},
      {"UnknownWord",
       {},
       "DIR/policy.json: rdt.report: 'ignore' is not one of summary, off",
       {{kPolicyFile, R"({"rdt": {"report": "ignore"}})"}}},
      {"TwoLines",
       {},
       "DIR/policy.json: cgroup: 'a\\x0ab' is not one of auto, own, slurm, off",
       {{kPolicyFile, R"({"cgroup": "a\nb"})"}}},
      {"RelativeBind",
       {},
       "DIR/policy.json: binds[0].source: 'scratch' is not an absolute path",
       {{kPolicyFile, R"({"binds": [{"source": "scratch"}]})"}}},
      {"DropInUnknownKey",
       {},
       "DIR/policy.d/50.json: cpus: unknown key; allowed are " + kPolicyKeys,
       {{kPolicyFile, "{}"}, {"policy.d/50.json", R"({"cpus": 4})"}}},
      {"DropInNotRoots",
       {},
       "refuse policy 'DIR/policy.d/50.json': it belongs to uid 65534, not to root",
       {{kPolicyFile, "{}"}, {"policy.d/50.json", "{}"}},
       give_drop_in_away},
  };
  std::vector<BadCase> cases;
  for (const BadCase& w : wrong) {
    cases.push_back(
        {"Launch" + w.name, launch({"--policy", "DIR/policy.json"}), w.message, w.files, w.change});
    cases.push_back(
        {"Plan" + w.name, {"plan", "--policy", "DIR/policy.json"}, w.message, w.files, w.change});
    cases.push_back({"Check" + w.name,
                     {"policy", "check", "--policy", "DIR/policy.json"},
                     w.message,
                     w.files,
                     w.change});
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Policy, BadInput, ::testing::ValuesIn(policies()), name_of);

TEST_F(BadInputTest, AnIdThatIsInUse) {
  const std::string bundle = folder_.path() + "/busybox";
  const std::string make_bundle = BERTH_SOURCE_DIR "/tests/support/bundle/make-bundle";
  const Ran made = run(
      {make_bundle, bundle, "--arg", "sh", "--arg", "-c", "--arg", "echo here; exec sleep 300"});
  ASSERT_EQ(made.status, 0) << made;
  Running first({kBerth, "run", "--bundle", bundle, folder_.name()});
  for (int tries = 0; first.out_so_far().empty() && tries < 1000; ++tries) ::usleep(10'000);
  ASSERT_EQ(first.out_so_far(), "here\n");
  const Ran second = berth({"run", "--bundle", bundle, "NAME"});
  EXPECT_EQ(second.err, here("berth: container 'NAME' exists already\n"));
  EXPECT_EQ(second.status, 1);
  ::usleep(100'000);
  ASSERT_EQ(::kill(first.pid(), SIGTERM), 0);  // it lives
  EXPECT_EQ(first.wait().status, 128 + SIGTERM);
  EXPECT_THAT(leftovers(folder_.path()), IsEmpty());
}

TEST_F(BadInputTest, ARootfsThatIsNotThere) {
  folder_.write("bundle/config.json", here(replaced(kConfig, "rootfs", "absent")));
  const Ran launched = berth(launch({}));
  EXPECT_THAT(launched.err, MatchesRegex("berth: start task 0: start container 'launch_[0-9]+[.]0'"
                                         ": no such root file system 'absent'\n"));
  EXPECT_EQ(launched.status, 125);
  const Ran ran = berth({"run", "--bundle", "DIR/bundle", "NAME"});
  EXPECT_EQ(ran.err, here("berth: start container 'NAME': no such root file system 'absent'\n"));
  EXPECT_EQ(ran.status, 1);
  EXPECT_FALSE(folder_.has("marker"));
  EXPECT_THAT(leftovers(folder_.path()), IsEmpty());
}

class WithoutRdt : public BadInputTest {
 protected:
  void SetUp() override {
    BadInputTest::SetUp();
    if (IsSkipped()) return;
    if (lacks_resctrl().empty())
      GTEST_SKIP() << "this machine has resctrl: not one to test without";
    folder_.write("bundle/config.json", here(kConfig));
    folder_.write("bundle/rootfs/empty", "");
  }
};

TEST_F(WithoutRdt, AWishForCacheIsRefusedWhereThePolicySaysFail) {
  folder_.write("policy.json", R"({"rdt": {"options": {"l3": {"optional": false}}}})");
  for (const Words& words : {launch({"--policy", "DIR/policy.json", "--l3=50%"}),
                             Words{"plan", "--policy", "DIR/policy.json", "--l3=50%"}}) {
    const Ran ran = berth(words);
    EXPECT_EQ(ran.err,
              "berth: --l3=50% refused: no RDT on this node (resctrl is not mounted at "
              "/sys/fs/resctrl)\n");
    EXPECT_EQ(ran.status, 125);
  }
  EXPECT_FALSE(folder_.has("marker"));
  EXPECT_THAT(leftovers(folder_.path()), IsEmpty());
}

// The launch goes on, into the container: there the command is not found.
TEST_F(WithoutRdt, AWishForCacheIsIgnoredWithAWordWhereThePolicySaysWarn) {
  folder_.write("policy.json", R"({"rdt": {"options": {"l3": {"optional": true}}}})");
  const Ran ran = berth(launch({"--policy", "DIR/policy.json", "--l3=50%"}));
  EXPECT_THAT(ran.err, MatchesRegex("berth: no RDT on this node .resctrl is not mounted at "
                                    "/sys/fs/resctrl.: --l3=50% is ignored\nberth: .*\n"));
  EXPECT_EQ(ran.status, 127);
  EXPECT_FALSE(folder_.has("marker"));
  EXPECT_THAT(leftovers(folder_.path()), IsEmpty());
}

}  // namespace
}  // namespace berth::test
