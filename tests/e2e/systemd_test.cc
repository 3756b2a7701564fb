// --systemd-cgroup where systemd is process 1 and cgroup v2 is all there is.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "tests/e2e/systemd_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST_F(Systemd, MakesAScopeAroundTheContainer) {
  const std::string container = id();
  ASSERT_EQ(with_systemd({"create", "-b", bundle(), container}).status, 0);
  EXPECT_EQ(status(container), "created");
  const std::string unit = scope(container), group = "/system.slice/" + unit;
  EXPECT_EQ(cgroup(container), group);
  const auto told = properties(unit);
  for (const auto& [name, value] : {std::pair{"ActiveState", std::string("active")},
                                    {"ControlGroup", group},
                                    {"Delegate", "yes"},
                                    {"DefaultDependencies", "no"},
                                    {"Description", "berth container " + container},
                                    {"MemoryAccounting", "yes"},
                                    {"CPUAccounting", "yes"},
                                    {"IOAccounting", "yes"},
                                    {"TasksAccounting", "yes"}}) {
    EXPECT_EQ(told.at(name), value) << name;
  }
  EXPECT_THAT(file(group, "cgroup.controllers"),
              AllOf(HasSubstr("cpuset cpu io memory"), HasSubstr("hugetlb"), HasSubstr("pids")));
  ASSERT_EQ(berth({"start", container}).status, 0);
  EXPECT_EQ(status(container), "running");
  // The verbs find it by its record.
  const Ran inside = berth({"exec", container, "cat", "/proc/self/cgroup"});
  EXPECT_EQ(inside.out, "0::/\n") << inside;
  EXPECT_THAT(berth({"ps", "-f", "json", container}).out,
              HasSubstr(std::to_string(state(container).at("pid").get<int>())));
  EXPECT_THAT(berth({"events", "--stats", container}).out, HasSubstr("\"memory\""));
  EXPECT_EQ(berth({"pause", container}).status, 0);
  EXPECT_EQ(status(container), "paused");
  EXPECT_EQ(berth({"resume", container}).status, 0);
  EXPECT_EQ(berth({"kill", "--all", container, "KILL"}).status, 0);
  EXPECT_EQ(await(container, "stopped"), "stopped");
  EXPECT_EQ(berth({"delete", container}).status, 0);
  EXPECT_FALSE(exists(unit));
  EXPECT_FALSE(std::filesystem::exists("/sys/fs/cgroup" + group));
  EXPECT_THAT(remains(container), ::testing::IsEmpty());
}

TEST_F(Systemd, ARunLeavesNoUnit) {
  script("cat /proc/self/cgroup; exit 7");
  const std::string container = id();
  const Ran ran = with_systemd({"run", "-b", bundle(), container});
  EXPECT_EQ(ran.status, 7) << ran;
  EXPECT_EQ(ran.out, "0::/\n");
  EXPECT_FALSE(exists(scope(container)));
}

TEST_F(Systemd, ForcedDeletionEndsAllProcesses) {
  script("sleep 1000 & sleep 1000 & wait");
  const std::string container = running();
  const std::string group = cgroup(container);
  EXPECT_EQ(berth({"delete", "--force", container}).status, 0);
  EXPECT_FALSE(exists(scope(container)));
  EXPECT_FALSE(std::filesystem::exists("/sys/fs/cgroup" + group));
}

TEST_F(Systemd, LimitsAreFilesAndPropertiesAlikeAndStaySo) {
  limit({{"memory", {{"limit", 64 << 20}, {"reservation", 32 << 20}, {"swap", 96 << 20}}},
         {"pids", {{"limit", 50}}},
         {"cpu",
          {{"shares", 2048}, {"quota", 33333}, {"period", 100000}, {"cpus", "0-1"}, {"mems", "0"}}},
         {"blockIO", {{"weight", 500}}},
         {"unified", {{"memory.high", "60000000"}}}});
  const std::string container = running();
  const std::string unit = scope(container), group = cgroup(container);
  const auto limits = [&] {
    std::string all;
    for (const char* const name :
         {"memory.max", "memory.low", "memory.high", "memory.swap.max", "pids.max", "cpu.weight",
          "cpu.max", "cpuset.cpus", "cpuset.mems", "io.weight"}) {
      all += std::string(name) + "=" + file(group, name) + "\n";
    }
    return all;
  };
  EXPECT_EQ(limits(),
            "memory.max=67108864\nmemory.low=33554432\nmemory.high=59998208\n"
            "memory.swap.max=33554432\npids.max=50\ncpu.weight=174\ncpu.max=34000 100000\n"
            "cpuset.cpus=0-1\ncpuset.mems=0\nio.weight=default 4950\n");
  const auto told = properties(unit);
  for (const auto& [name, value] : {std::pair{"MemoryMax", "67108864"},
                                    {"MemoryLow", "33554432"},
                                    {"MemoryHigh", "60000000"},
                                    {"MemorySwapMax", "33554432"},
                                    {"TasksMax", "50"},
                                    {"CPUWeight", "174"},
                                    {"CPUQuotaPerSecUSec", "340ms"},
                                    {"CPUQuotaPeriodUSec", "100ms"},
                                    {"AllowedCPUs", "0-1"},
                                    {"AllowedMemoryNodes", "0"},
                                    {"IOWeight", "4950"}}) {
    EXPECT_EQ(told.at(name), value) << name;
  }
  const std::string before = limits();
  ASSERT_EQ(run({"systemctl", "daemon-reload"}).status, 0);
  EXPECT_EQ(limits(), before);

  const Ran updated = berth({"update", "--memory", "50000000", "--pids-limit", "7", "--cpu-quota",
                             "50000", "--cpu-share", "1024", "--cpuset-cpus", "1", container});
  EXPECT_EQ(updated.status, 0) << updated;
  const auto now = properties(unit);
  EXPECT_EQ(file(group, "pids.max"), "7");
  EXPECT_EQ(now.at("TasksMax"), "7");
  EXPECT_EQ(file(group, "memory.max"), "49999872");
  EXPECT_EQ(now.at("MemoryMax"), "50000000");
  EXPECT_EQ(file(group, "cpu.max"), "50000 100000");
  EXPECT_EQ(now.at("CPUQuotaPerSecUSec"), "500ms");
  EXPECT_EQ(now.at("CPUWeight"), "100");
  EXPECT_EQ(now.at("AllowedCPUs"), "1");
  EXPECT_EQ(now.at("MemoryLow"), "33554432") << "what is not asked for stays";
  const std::string after = limits();
  ASSERT_EQ(run({"systemctl", "daemon-reload"}).status, 0);
  EXPECT_EQ(limits(), after);
}

TEST_F(Systemd, LimitsThatTheSetUpWouldNotFitIntoLetItStart) {
  configure([](json& config) {
    config["process"]["args"] = {"cat", "/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/memory.max"};
  });
  limit({{"pids", {{"limit", 1}}}, {"memory", {{"limit", 512 << 10}}}});
  const Ran ran = with_systemd({"run", "-b", bundle(), id()});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(ran.out, "1\n524288\n");
}

TEST_F(Systemd, GivesTheScopesGroupToTheRootOfAUserNamespace) {
  configure([](json& config) {
    config["process"]["args"] = {"stat", "-c", "%u", "/sys/fs/cgroup",
                                 "/sys/fs/cgroup/cgroup.procs"};
    config["linux"]["namespaces"].push_back({{"type", "user"}});
    for (const char* map : {"uidMappings", "gidMappings"}) {
      config["linux"][map] = {{{"containerID", 0}, {"hostID", 100000}, {"size", 65536}}};
    }
    for (json& mount : config["mounts"]) {
      if (mount["type"] == "cgroup") mount["options"] = {"nosuid"};
    }
  });
  const Ran ran = with_systemd({"run", "-b", bundle(), id()});
  EXPECT_EQ(ran.out, "0\n0\n") << ran;
}

TEST_F(Systemd, AGroupThatIsFrozenIsRefused) {
  const std::string container = id(), group = "/system.slice/" + scope(container);
  ASSERT_TRUE(std::filesystem::create_directory("/sys/fs/cgroup" + group));
  std::ofstream("/sys/fs/cgroup" + group + "/cgroup.freeze") << "1";
  const Ran ran = with_systemd({"run", "-b", bundle(), container});
  EXPECT_EQ(ran.status, 1);
  EXPECT_THAT(ran.err,
              HasSubstr("container's cgroup unexpectedly frozen: '" + group.substr(1) + "'"));
  EXPECT_TRUE(std::filesystem::remove("/sys/fs/cgroup" + group));
}

TEST_F(Systemd, PutsTheScopeIntoANestedSlice) {
  cgroups_path("berth-test-x.slice:pre:" + folder_.name());
  const std::string container = running();
  const std::string unit = "pre-" + folder_.name() + ".scope";
  EXPECT_EQ(cgroup(container), "/berth.slice/berth-test.slice/berth-test-x.slice/" + unit);
  EXPECT_EQ(property(unit, "Slice"), "berth-test-x.slice");
  EXPECT_EQ(berth({"delete", "--force", container}).status, 0);
  EXPECT_FALSE(exists(unit));
}

TEST_F(Systemd, MakesASliceWhereTheNameIsOne) {
  cgroups_path("berth.slice::berth-own.slice");
  limit({{"pids", {{"limit", 33}}}});
  const std::string container = running();
  EXPECT_EQ(cgroup(container), "/berth.slice/berth-own.slice");
  const auto told = properties("berth-own.slice");
  EXPECT_EQ(told.at("ActiveState"), "active");
  EXPECT_EQ(told.at("TasksMax"), "33");
  EXPECT_EQ(berth({"exec", container, "cat", "/proc/self/cgroup"}).out, "0::/\n");
  EXPECT_EQ(berth({"delete", "--force", container}).status, 0);
  EXPECT_NE(property("berth-own.slice", "ActiveState"), "active");
  EXPECT_FALSE(std::filesystem::exists("/sys/fs/cgroup/berth.slice/berth-own.slice"));
}

TEST_F(Systemd, TakesPropertiesFromAnnotations) {
  configure([](json& config) {
    config["annotations"] = {{"org.systemd.property.TimeoutStopSec", "123"},
                             {"org.systemd.property.CollectMode", "'inactive-or-failed'"},
                             {"org.systemd.property.Description", "'a text of its own'"}};
  });
  const std::string unit = scope(running());
  const auto told = properties(unit);
  EXPECT_EQ(told.at("TimeoutStopUSec"), "2min 3s");
  EXPECT_EQ(told.at("CollectMode"), "inactive-or-failed");
  EXPECT_EQ(told.at("Description"), "a text of its own");
}

TEST_F(Systemd, AFailedCreationLeavesNothing) {
  const auto fails = [&](const std::string& name, const std::string& part) {
    const std::string container = id(name);
    const Ran ran = with_systemd({"create", "-b", bundle(), container});
    EXPECT_EQ(ran.status, 1) << ran;
    EXPECT_THAT(ran.err, HasSubstr(part));
    EXPECT_EQ(std::ranges::count(ran.err, '\n'), 1) << ran.err;
    EXPECT_FALSE(exists(scope(container)));
    EXPECT_THAT(remains(container), ::testing::IsEmpty());
  };
  configure([](json& config) {
    config["annotations"] = {{"org.systemd.property.TimeoutStopUSec", "'long'"}};
  });
  fails("type", "start systemd unit 'berth-");
  configure([](json& config) {
    config["annotations"] = {{"org.systemd.property.NoSuchThing", "true"}};
  });
  fails("name", "NoSuchThing");
  configure([](json& config) {
    config.erase("annotations");
    config["process"]["args"] = {"absent"};
  });
  fails("program", "absent");
  script("true");
  limit({{"cpu", {{"cpus", "77"}}}});
  fails("cpus", "linux.resources.cpu.cpus: set cpuset.cpus to '77'");
}

TEST_F(Systemd, LeavesAnothersUnitAlone) {
  const std::string container = id();
  const Running other({"systemd-run", "--scope", "--unit", scope(container), "sleep", "300"});
  for (int i = 0; i < 600 && !exists(scope(container)); ++i) ::usleep(50'000);
  const Ran ran = with_systemd({"create", "-b", bundle(), container});
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_THAT(ran.err, HasSubstr("container's cgroup is not empty: 'system.slice/" +
                                 scope(container) + "' has processes in it"));
  EXPECT_EQ(property(scope(container), "ActiveState"), "active");
  EXPECT_EQ(run({"systemctl", "stop", scope(container)}).status, 0);
}

TEST_F(Systemd, AFailedUnitIsInNobodysWay) {
  configure([](json& config) {
    config["annotations"] = {{"org.systemd.property.RuntimeMaxUSec", "uint64 3000000"},
                             {"org.systemd.property.TimeoutStopUSec", "uint64 100000"}};
  });
  const std::string container = running();
  EXPECT_EQ(await(container, "stopped"), "stopped");
  for (int i = 0; i < 200 && property(scope(container), "ActiveState") != "failed"; ++i) {
    ::usleep(50'000);
  }
  ASSERT_EQ(property(scope(container), "ActiveState"), "failed");
  // The state is lost, the unit is not: the next of this name takes its place.
  std::filesystem::remove_all(root() + "/" + container);
  configure([](json& config) { config.erase("annotations"); });
  const Ran ran = with_systemd({"run", "-d", "-b", bundle(), container});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(property(scope(container), "ActiveState"), "active");
}

// runc in the same place: the same cgroup, and the same properties but those that the comments
// name.
TEST_F(Systemd, AgreesWithRunc) {
  if (run({"runc", "--version"}).status != 0) GTEST_SKIP() << "no program runc";
  cgroups_path("berth-peer.slice:pre:" + folder_.name());
  limit({{"memory", {{"limit", 64 << 20}, {"reservation", 32 << 20}}},
         {"pids", {{"limit", 50}}},
         {"cpu", {{"quota", 50000}, {"period", 100000}, {"cpus", "0-1"}, {"mems", "0"}}}});
  const std::string unit = "pre-" + folder_.name() + ".scope",
                    group = "/berth.slice/berth-peer.slice/" + unit;
  const auto seen = [&] {
    // Not Description; not DevicePolicy and DeviceAllow, for berth's rules are a program of its
    // own.
    std::string all = run({"systemctl", "show", "-p",
                           "Slice,ControlGroup,Delegate,DelegateControllers,MemoryMax,MemoryLow,"
                           "MemorySwapMax,TasksMax,CPUQuotaPerSecUSec,CPUQuotaPeriodUSec,"
                           "AllowedCPUs,AllowedMemoryNodes,DefaultDependencies,CollectMode,"
                           "MemoryAccounting,CPUAccounting,IOAccounting,TasksAccounting,"
                           "TimeoutStopUSec,OOMPolicy,After,Wants,Conflicts",
                           unit})
                          .out;
    for (const char* const name :
         {"memory.max", "memory.low", "pids.max", "cpu.max", "cpuset.cpus", "cpuset.mems",
          "cpu.weight", "cgroup.controllers", "cgroup.subtree_control"}) {
      all += std::string(name) + "=" + file(group, name) + "\n";
    }
    return all;
  };
  const std::string peer = id("peer"), peers_root = folder_.path() + "/runc";
  const Ran theirs =
      run({"runc", "--root", peers_root, "--systemd-cgroup", "run", "-d", "-b", bundle(), peer});
  ASSERT_EQ(theirs.status, 0) << theirs;
  const std::string expected = seen();
  EXPECT_EQ(run({"runc", "--root", peers_root, "delete", "--force", peer}).status, 0);
  (void)running();
  // Without a limit on swap runc leaves swap alone, berth grants none beyond the memory.
  std::string ours = seen();
  const size_t swap = ours.find("MemorySwapMax=0");
  ASSERT_NE(swap, std::string::npos) << ours;
  ours.replace(swap, 15, "MemorySwapMax=infinity");
  EXPECT_EQ(ours, expected);
}

}  // namespace
}  // namespace berth::test
