#include "launcher/policy.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/support/temporary_folder.h"

namespace berth::launcher {
namespace {

std::string message_of(std::string_view json) {
  try {
    (void)parse_policy(json, "policy.json");
    return "no error";
  } catch (const Error& e) {
    return e.what();
  }
}

TEST(Policy, EmptyIsTheDefault) {
  EXPECT_EQ(parse_policy("{}", "p"), Policy{});
}

TEST(Policy, EveryKeyIsRead) {
  const Policy policy = parse_policy(R"(
    // comments are for people
    {"rdt": {"floorWays": 3, "options": {"l3": {"optional": false}}}, "cgroup": "own",
     "limits": {"taskMemory": "2GiB", "taskPids": 100, "jobPids": 1000},
     "hostNamespaces": ["network"],
     "binds": [{"source": "/opt/site", "readonly": false},
               {"source": "/a", "destination": "/b", "optional": false}],
     "runtimeJson": false})",
                                     "p");
  EXPECT_EQ(policy.rdt.layout.floor_ways, 3U);
  EXPECT_FALSE(policy.rdt.l3_optional);
  EXPECT_EQ(policy.cgroup, CgroupMode::own);
  EXPECT_EQ(policy.task_memory, int64_t{2} << 30);
  EXPECT_EQ(policy.task_pids, 100);
  EXPECT_EQ(policy.job_pids, 1000);
  EXPECT_EQ(policy.host_namespaces, (std::vector<std::string>{"network"}));
  EXPECT_EQ(policy.binds, (std::vector<PolicyBind>{{"/opt/site", "/opt/site", false, true},
                                                   {"/a", "/b", true, false}}));
  EXPECT_FALSE(policy.runtime_json);
  EXPECT_TRUE(Policy().runtime_json);
}

TEST(Policy, PrintedAndReadAgainIsTheSame) {
  Policy policy;
  policy.rdt.layout.floor_ways = 2;
  policy.task_memory = 1 << 20;
  policy.cgroup = CgroupMode::slurm;
  policy.host_namespaces = {"pid"};
  policy.binds = {{"/a", "/b", true, false}};
  policy.runtime_json = false;
  EXPECT_EQ(parse_policy(to_json(policy), "p"), policy);
}

struct Bad {
  const char* json;
  const char* message;
};

class BadPolicy : public ::testing::TestWithParam<Bad> {};

TEST_P(BadPolicy, HasOneLineWithTheKeyPath) {
  EXPECT_EQ(message_of(GetParam().json), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadPolicy,
    ::testing::Values(
        Bad{R"({"l4": 1})",
            "policy.json: l4: unknown key; allowed are rdt, cgroup, limits, hostNamespaces, binds, "
            "runtimeJson"},
        Bad{R"({"l3": {"floorWays": 2}})",
            "policy.json: l3: unknown key; l3.floorWays is rdt.floorWays now, and l3.missing is "
            "rdt.options.l3.optional"},
        Bad{R"({"rdt": []})", "policy.json: rdt: expected an object, found an array"},
        Bad{R"({"limits": {"pids": 1}})",
            "policy.json: limits.pids: unknown key; allowed are taskMemory, taskPids, jobPids"},
        Bad{R"({"limits": {"taskPids": 0}})",
            "policy.json: limits.taskPids: expected a whole number from 1 up, found 0"},
        Bad{R"({"binds": [{"source": "/a", "target": "/b"}]})",
            "policy.json: binds[0].target: unknown key; allowed are source, destination, readonly, "
            "optional"},
        Bad{R"({"cgroup": "v2"})", "policy.json: cgroup: 'v2' is not one of auto, own, slurm, off"},
        Bad{R"({"limits": {"taskMemory": "2 GB"}})",
            "policy.json: limits.taskMemory: '2 GB' is not a size such as 512MiB or 4GiB"},
        Bad{R"({"binds": [{"source": "opt"}]})",
            "policy.json: binds[0].source: 'opt' is not an absolute path"},
        Bad{R"({"binds": [{}]})", "policy.json: binds[0].source: is missing"},
        Bad{R"({"hostNamespaces": ["mount"]})",
            "policy.json: hostNamespaces[0]: 'mount' is not one of network, ipc, pid, uts"},
        Bad{"{\n \"rdt\": }", "policy.json: line 2, column 9: not valid JSON"}));

class PolicyFiles : public ::testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0644) {
    const std::string path = folder_.write(name, text);
    ::chmod(path.c_str(), mode);
    return path;
  }
  std::string failure(const std::string& path, bool required = true) {
    try {
      (void)load_policy(path, required, ::geteuid());
      return "no error";
    } catch (const Error& e) {
      return e.what();
    }
  }
  test::TemporaryFolder folder_;
  const std::string& dir_ = folder_.path();
};

TEST_F(PolicyFiles, DropInsAreMergedInNameOrder) {
  const std::string path = write("policy.json", R"({"rdt": {"floorWays": 1}, "cgroup": "own"})");
  write("policy.d/20-b.json", R"({"rdt": {"floorWays": 5}})");
  write("policy.d/10-a.json", R"({"rdt": {"floorWays": 4, "packing": false}})");
  write("policy.d/README", "not read");
  write("policy.d/.30-c.json", "an editor's, not read");
  const Policy policy = load_policy(path, true, ::geteuid());
  EXPECT_EQ(policy.rdt.layout.floor_ways, 5U);
  EXPECT_FALSE(policy.rdt.layout.packing);
  EXPECT_EQ(policy.cgroup, CgroupMode::own);
}

TEST_F(PolicyFiles, NullInADropInRestoresTheDefault) {
  const std::string path = write("policy.json", R"({"limits": {"taskPids": 7}})");
  write("policy.d/a.json", R"({"limits": {"taskPids": null}})");
  EXPECT_EQ(load_policy(path, true, ::geteuid()).task_pids, std::nullopt);
}

TEST_F(PolicyFiles, AWrongDropInIsNamed) {
  const std::string path = write("policy.json", "{}");
  write("policy.d/a.json", R"({"rdt": {"floorWays": 0}})");
  EXPECT_EQ(failure(path), dir_ + "/policy.d/a.json: rdt.floorWays: 0 is not between 1 and 64");
}

TEST_F(PolicyFiles, PartsBearOnEachOtherOnlyOnceTheyAreMerged) {
  const std::string path = write("policy.json", R"({"rdt": {
    "partitions": {"a": {"l3Allocation": "70%", "classes": {"gold": {"l3Allocation": {"code": "60%"}}}},
                   "b": {"l3Allocation": "60%"}, "old": {"l3Allocation": "10%"}},
    "rules": [{"classes": ["gold", "silver"]}]}})");
  EXPECT_NE(failure(path), "no error");
  write("policy.d/a.json", R"({"rdt": {"partitions": {
    "a": {"classes": {"gold": {"l3Allocation": {"data": "40%"}}, "silver": {}}},
    "b": {"l3Allocation": {"0": "30%", "1": null}}, "old": null}}})");
  EXPECT_EQ(failure(path), "no error");
  const Policy policy = load_policy(path, true, ::geteuid());
  ASSERT_EQ(policy.rdt.partitions.size(), 2U);
  EXPECT_EQ(policy.rdt.partitions[0].classes.size(), 2U);
  write("policy.d/b.json", R"({"rdt": {"partitions": {"b": {"l3Allocation": {"0": "31%"}}}}})");
  EXPECT_EQ(failure(path),
            path +
                ": rdt.partitions: the shares of L3 0 come to 101% (a 70%, b 31%); allowed are "
                "100%");
}

TEST_F(PolicyFiles, AbsenceIsTheDefaultUnlessItWasNamed) {
  EXPECT_EQ(load_policy(dir_ + "/none.json", false, ::geteuid()), Policy{});
  EXPECT_EQ(failure(dir_ + "/none.json"),
            "open '" + dir_ + "/none.json': no such file or directory");
}

TEST_F(PolicyFiles, AnotherOwnerIsRefused) {
  const std::string path = write("policy.json", "{}");
  try {
    (void)load_policy(path, true, ::geteuid() + 1);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.message(), "refuse policy '" + path + "': it belongs to uid " +
                               std::to_string(::geteuid()) + ", not to root");
  }
}

TEST_F(PolicyFiles, AFileThatOthersMayWriteIsRefused) {
  for (const mode_t mode : {0664U, 0646U}) {
    const std::string path = write("policy.json", "{}", mode);
    EXPECT_EQ(failure(path),
              "refuse policy '" + path + "': others than root may write it (chmod go-w)");
  }
}

TEST_F(PolicyFiles, AFolderIsNoPolicy) {
  EXPECT_EQ(failure(dir_), "refuse policy '" + dir_ + "': it is not a regular file");
}

TEST_F(PolicyFiles, ALinkIsNotFollowed) {
  write("real.json", "{}");
  ASSERT_EQ(::symlink((dir_ + "/real.json").c_str(), (dir_ + "/policy.json").c_str()), 0);
  EXPECT_EQ(failure(dir_ + "/policy.json"),
            "refuse policy '" + dir_ + "/policy.json': it is a symbolic link");
}

TEST(ParseBytes, UnitsAreBinaryAndNothingElsePasses) {
  EXPECT_EQ(parse_bytes("512"), 512);
  EXPECT_EQ(parse_bytes("1MiB"), 1 << 20);
  EXPECT_EQ(parse_bytes("4G"), int64_t{4} << 30);
  for (const char* bad :
       {"", "0", "-1", "1.5GiB", "MiB", "1 MiB", "1MB", "9999999999TiB", "16777216T"}) {
    EXPECT_EQ(parse_bytes(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace berth::launcher
