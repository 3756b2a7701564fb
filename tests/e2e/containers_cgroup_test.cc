// Where a container's cgroup is, what goes with it, and that its limits are there in time.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/e2e/runtime_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ContainersCgroup : public RuntimeFixture {};

TEST_F(ContainersCgroup, TheLimitsAreInForceOnceItIsCreated) {
  configure([](json& config) {
    config["linux"]["resources"]["memory"]["limit"] = 64 << 20;
    config["linux"]["resources"]["pids"]["limit"] = 7;
  });
  const std::string c = id();
  ASSERT_EQ(berth({"create", "-b", bundle(), c}).status, 0);
  const std::string group = "/berth/container_" + c + "/";
  std::string pids, memory;
  for (const std::string base :
       {"/sys/fs/cgroup", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/memory"}) {
    pids += read_file_if_exists(AT_FDCWD, base + group + "pids.max").value_or("");
    memory += read_file_if_exists(AT_FDCWD, base + group + "memory.max").value_or("");
    memory += read_file_if_exists(AT_FDCWD, base + group + "memory.limit_in_bytes").value_or("");
  }
  EXPECT_EQ(pids, "7\n");
  EXPECT_EQ(memory, "67108864\n");
  ASSERT_EQ(berth({"update", "--pids-limit", "9", c}).status, 0);
  ASSERT_EQ(berth({"start", c}).status, 0);
  pids.clear();
  for (const std::string base : {"/sys/fs/cgroup", "/sys/fs/cgroup/pids"}) {
    pids += read_file_if_exists(AT_FDCWD, base + group + "pids.max").value_or("");
  }
  EXPECT_EQ(pids, "9\n") << "the start keeps what was updated meanwhile";
}

// Not where the name could be that of something else there.
TEST_F(ContainersCgroup, ItsGroupIsCalledAsItIs) {
  const std::string unique = "t" + std::to_string(::getpid());
  const auto group_of = [&](const std::string& c) {
    script("cat /proc/self/cgroup");
    configure([](json& config) {
      json kept = json::array();
      for (const json& ns : config["linux"]["namespaces"]) {
        if (ns["type"] != "cgroup") kept.push_back(ns);
      }
      config["linux"]["namespaces"] = kept;
    });
    const Ran ran = berth({"run", "-b", bundle(), c});
    return ran.out + ran.err;
  };
  EXPECT_THAT(group_of(unique), HasSubstr(":/berth/" + unique + "\n"));
  const std::vector<std::string> others{"job_" + unique, "launch_" + unique, "container_" + unique,
                                        unique + ".max"};
  for (const std::string& name : others) {
    EXPECT_THAT(group_of(name), HasSubstr(":/berth/container_" + name + "\n"));
  }
}

TEST_F(ContainersCgroup, TheGroupsAboveItsOwnGoWithIt) {
  const std::string c = id();
  configure(
      [&](json& config) { config["linux"]["cgroupsPath"] = "container_" + c + "/deep/below"; });
  script("cat /proc/self/cgroup");
  const Ran ran = berth({"run", "-b", bundle(), c});
  EXPECT_EQ(ran.status, 0) << ran;
  for (const std::string base :
       {"/sys/fs/cgroup", "/sys/fs/cgroup/pids", "/sys/fs/cgroup/memory"}) {
    EXPECT_FALSE(std::filesystem::exists(base + "/berth/container_" + c)) << base;
  }
}

// What was there before stays, what berth made for an absolute path goes with the container.
TEST_F(ContainersCgroup, TheGroupsAboveAnAbsolutePathGoWithItWhereBerthMadeThem) {
  const std::string c = id();
  const auto all = tops_of_cgroups();
  configure([&](json& config) { config["linux"]["cgroupsPath"] = "/" + c + "/deep/" + c; });
  EXPECT_EQ(berth({"run", "-b", bundle(), c}).status, 0);
  EXPECT_THAT(remains(c), IsEmpty());

  // Where somebody else made one of them before, and in every second hierarchy alone.
  for (size_t i = 0; i < all.size(); i += 2) std::filesystem::create_directory(all[i] / c);
  EXPECT_EQ(berth({"run", "-b", bundle(), c}).status, 0);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_FALSE(std::filesystem::exists(all[i] / c / "deep")) << all[i];
    EXPECT_EQ(std::filesystem::exists(all[i] / c), i % 2 == 0) << all[i];
    if (i % 2 == 0) std::filesystem::remove(all[i] / c);
  }
}

// A process that stays in a group as long as this lives.
class Dweller {
 public:
  explicit Dweller(const std::filesystem::path& group) : pid_(::fork()) {
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) ::pause();
    }
    write_file(AT_FDCWD, group / "cgroup.procs", std::to_string(pid_));
  }
  ~Dweller() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Dweller(const Dweller&) = delete;
  Dweller& operator=(const Dweller&) = delete;

 private:
  pid_t pid_;
};

// Whichever hierarchy it is in: some are looked at when the container's first process is there.
TEST_F(ContainersCgroup, OneThatHasProcessesIsRefusedAndLeftAsItIs) {
  const std::string c = id();
  const std::string hook = folder_.path() + "/hook";
  configure([&](json& config) {
    config["linux"]["cgroupsPath"] = "/" + c;
    config["hooks"]["poststop"] = {{{"path", "/usr/bin/touch"}, {"args", {"touch", hook}}}};
  });
  for (const auto& top : tops_of_cgroups()) {
    if (top.filename() == "cpuset") continue;  // a new group of v1's takes none
    std::filesystem::create_directory(top / c);
    {
      const Dweller dweller(top / c);
      const Ran ran = berth({"run", "-b", bundle(), c});
      EXPECT_NE(ran.status, 0);
      EXPECT_EQ(ran.err,
                "berth: container's cgroup is not empty: '" + c + "' has processes in it\n");
    }
    EXPECT_THAT(remains(c), ElementsAre(top / c));
    EXPECT_FALSE(std::filesystem::exists(hook)) << "there was no container";
    std::filesystem::remove(top / c);
  }
}

// So that what its tree takes is not its memory.
TEST_F(ContainersCgroup, IsJoinedWhenTheTreeIsMade) {
  const Ran ran = berth({"--trace-time", "run", "-b", bundle(), id()});
  const size_t tree = ran.err.find("tree mounted"), joined = ran.err.find("cgroup joined");
  ASSERT_NE(tree, std::string::npos) << ran;
  EXPECT_NE(joined, std::string::npos) << ran;
  EXPECT_LT(tree, joined) << ran;
}

#ifdef __SANITIZE_ADDRESS__
constexpr int64_t kLeastMemory = 256 << 20;  // its shadow is the child's too
#else
constexpr int64_t kLeastMemory = 150 << 10;
#endif

TEST_F(ContainersCgroup, TrueStartsUnderATightMemoryLimit) {
  configure([](json& config) {
    config["process"]["args"] = {"/bin/true"};
    config["linux"]["resources"]["memory"]["limit"] = kLeastMemory;
  });
  for (int i = 0; i < 3; ++i) {
    const Ran ran = berth({"run", "-b", bundle(), id(std::to_string(i))});
    EXPECT_EQ(ran.status, 0) << ran;
  }
}

// v2's group is joined by the clone under a wide limit, and last under a tight one.
TEST_F(ContainersCgroup, LooksTheSameUnderATightLimitAndUnderAWideOne) {
  // By the shell alone, as far as it goes: there is not much memory.
  script(
      "while read -r line; do echo $line; done < /proc/self/cgroup; "
      "while read -r id parent device root path options dash type source all; do "
      "case $path in /sys/fs/cgroup*) echo $root $path $options $type $all;; esac; "
      "done < /proc/self/mountinfo; "
      "read -r first < /sys/fs/cgroup/cgroup.procs; read -r most < /sys/fs/cgroup/pids.max; "
      "echo $first $most; mkdir /sys/fs/cgroup/below && rmdir /sys/fs/cgroup/below");
  const std::string c = id();
  const auto seen = [&](int64_t limit, const std::string& access, bool own_namespace) {
    configure([&](json& config) {
      json& linux = config["linux"];
      linux["cgroupsPath"] = "/" + c;
      linux["resources"]["memory"]["limit"] = limit;
      linux["namespaces"] = {{{"type", "mount"}}, {{"type", "pid"}}, {{"type", "uts"}}};
      if (own_namespace) linux["namespaces"].push_back({{"type", "cgroup"}});
      for (json& mount : config["mounts"]) {
        if (mount["type"] == "cgroup") mount["options"] = {"nosuid", "noexec", "nodev", access};
      }
    });
    const Ran ran = berth({"run", "-b", bundle(), c});
    EXPECT_THAT(ran.out, HasSubstr("cgroup")) << ran;
    EXPECT_THAT(remains(c), IsEmpty());
    return ran.out + ran.err;
  };
  for (const bool own_namespace : {true, false}) {
    for (const char* const access : {"ro", "rw"}) {
      EXPECT_EQ(seen(1020 << 10, access, own_namespace), seen(64 << 20, access, own_namespace));
    }
  }
}

TEST_F(ContainersCgroup, HooksFindItThere) {
  const std::string c = id();
  const std::string found = folder_.path() + "/found";
  const bool v1 = std::filesystem::exists("/sys/fs/cgroup/pids");
  const auto hook = [&](const std::string& script) {
    return json{{{"path", "/bin/sh"}, {"args", {"sh", "-c", script + " >> " + found}}}};
  };
  const std::string of_pid = "grep -o '\"pid\": *[0-9]*' | (read key pid; cat /proc/$pid/cgroup)";
  for (const char* const kind : {"prestart", "createRuntime", "createContainer"}) {
    configure([&](json& config) {
      config["linux"]["cgroupsPath"] = "/" + c;
      config["linux"]["namespaces"] = {{{"type", "mount"}}, {{"type", "pid"}}};
      config.erase("hostname");
      const bool inside = std::string(kind) == "createContainer";
      config["hooks"] = {{kind, hook(inside ? "cat /proc/self/cgroup" : of_pid)}};
    });
    std::filesystem::remove(found);
    const Ran ran = berth({"run", "-b", bundle(), c});
    EXPECT_EQ(ran.status, 0) << ran;
    EXPECT_THAT(read_file(AT_FDCWD, found), HasSubstr((v1 ? "pids:/" : "0::/") + c + "\n")) << kind;
  }
}

// What is copied into its file systems is its memory.
TEST_F(ContainersCgroup, WhatATmpfsBeginsWithCounts) {
  configure([](json& config) {
    config["mounts"].push_back({{"destination", "/bin"},
                                {"type", "tmpfs"},
                                {"source", "tmpfs"},
                                {"options", {"tmpcopyup"}}});
  });
  const std::string c = id();
  script("sleep 300");
  ASSERT_EQ(berth({"run", "--detach", "-b", bundle(), c}).status, 0);
  const Ran ran = berth({"events", "--stats", c});
  const json stats = json::parse(ran.out);
  EXPECT_GT(stats["data"]["memory"]["usage"]["usage"].get<int64_t>(), 1500 << 10) << ran;
}

// As where another CPU has charged memory ahead.
TEST_F(ContainersCgroup, AMemoryLimitThatIsRefusedForAMomentIsTried) {
  if (!std::filesystem::exists("/sys/fs/cgroup/memory/memory.limit_in_bytes")) {
    GTEST_SKIP() << "no v1 memory: " << errno_text(ENOENT);
  }
  const std::string c = id();
  configure([&](json& config) {
    config["linux"]["cgroupsPath"] = "/" + c;
    config["linux"]["resources"]["memory"]["limit"] = 64 << 20;
  });
  script("cat /sys/fs/cgroup/memory/memory.limit_in_bytes");
  const auto refused = [&](const std::string& when) {
    return run({"strace", "-f", "-o", folder_.path() + "/trace", "-P",
                "/sys/fs/cgroup/memory/" + c + "/memory.limit_in_bytes", "-e",
                "inject=write:error=EBUSY:when=" + when, kBerth, "--root", root(), "run", "-b",
                bundle(), c});
  };
  EXPECT_EQ(refused("1..3").out, "67108864\n");
  const Ran ran = refused("1+");
  EXPECT_NE(ran.status, 0);
  EXPECT_THAT(ran.err, HasSubstr("set late limit memory.limit_in_bytes to '67108864': device or "
                                 "resource busy"));
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(ContainersCgroup, AnEmptyOneIsTaken) {
  const std::string c = id();
  configure([&](json& config) { config["linux"]["cgroupsPath"] = "/" + c; });
  for (const auto& top : tops_of_cgroups()) std::filesystem::create_directory(top / c);
  EXPECT_EQ(berth({"run", "-b", bundle(), c}).status, 0);
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(ContainersCgroup, DevicesAreThoseThatTheRulesAllow) {
  configure([](json& config) {
    for (const char* set : {"bounding", "effective", "permitted"}) {
      config["process"]["capabilities"][set].push_back("CAP_MKNOD");
    }
    config["linux"]["resources"]["devices"] = {
        {{"allow", false}, {"access", "rwm"}},
        {{"allow", true}, {"type", "c"}, {"major", 240}, {"minor", 8}, {"access", "r"}}};
  });
  // Nobody drives these numbers: who may open them is told that (ENXIO), who may not is refused.
  script(
      "head -c1 /dev/zero | wc -c; mknod /dev/a c 240 7; mknod /dev/b c 240 8; "
      "head -c1 /dev/a 2>&1; head -c1 /dev/b 2>&1");
  const Ran ran = berth({"run", "-b", bundle(), id()});
  EXPECT_THAT(ran.out, HasSubstr("1\n")) << ran << "default devices";
  EXPECT_THAT(ran.out, HasSubstr("/dev/a: Operation not permitted"));
  EXPECT_THAT(ran.out, HasSubstr("/dev/b: No such device or address"));
}

}  // namespace
}  // namespace berth::test
