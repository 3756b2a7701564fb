// linux.namespaces: inherited, made and joined by path, each seen from outside.
#include <gmock/gmock.h>
#include <unistd.h>

#include <sstream>

#include "tests/e2e/runtime_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string link_of(const std::string& path) {
  char target[64] = {};
  return ::readlink(path.c_str(), target, sizeof target - 1) < 0 ? "none" : target;
}

std::string namespace_of(int pid, const std::string& file) {
  return link_of("/proc/" + std::to_string(pid) + "/ns/" + file);
}

std::string mounts_of(const std::string& pid) {
  return read_file(AT_FDCWD, "/proc/" + pid + "/mountinfo");
}

// What is mounted on the host below `folder`. Elsewhere others mount what they like meanwhile.
std::vector<std::string> mounts_below(const std::string& folder) {
  std::istringstream lines(mounts_of("self"));
  std::vector<std::string> found;
  for (std::string line; std::getline(lines, line);) {
    if (line.find(" " + folder) != std::string::npos) found.push_back(line);
  }
  return found;
}

class NamespaceTest : public RuntimeFixture {
 protected:
  void SetUp() override {
    RuntimeFixture::SetUp();
    if (IsSkipped()) return;
    script("exec sleep 300");
  }
  void with_namespaces(const json& namespaces) {
    configure([&](json& config) {
      config["linux"]["namespaces"] = namespaces;
      config.erase("hostname");
    });
  }
  int run_detached(const std::string& container) {
    const Ran ran = berth({"run", "--detach", "-b", bundle(), container});
    EXPECT_EQ(ran.status, 0) << ran;
    return state(container).value("pid", 0);
  }
};

TEST_F(NamespaceTest, WhatIsNotNamedIsInherited) {
  with_namespaces(json::array());
  const std::string c = id();
  const int pid = run_detached(c);
  for (const char* file : {"cgroup", "ipc", "mnt", "net", "pid", "user", "uts", "time"}) {
    EXPECT_EQ(namespace_of(pid, file), link_of(std::string("/proc/self/ns/") + file)) << file;
  }
  EXPECT_THAT(mounts_below(bundle()), IsEmpty()) << "the tree is nobody's but the container's";
  const std::string look =
      "echo $(ls /); test -c /dev/null && test -r /proc/self/stat && "
      "cd ../.. && ls /bin/sh";
  const Ran inside = berth({"exec", c, "sh", "-c", look});
  EXPECT_THAT(inside.out, HasSubstr("bin ")) << inside;
  EXPECT_THAT(inside.out, HasSubstr("/bin/sh")) << inside;
  EXPECT_EQ(inside.status, 0) << inside;
  // Only the host has this one; from its mount namespace it could be seen.
  EXPECT_NE(berth({"exec", c, "ls", bundle()}).status, 0);
}

TEST_F(NamespaceTest, AUserNamespaceWithoutMapsHasTheCallersIdAlone) {
  script("cat /proc/self/uid_map /proc/self/gid_map");
  with_namespaces({{{"type", "user"}}, {{"type", "mount"}}, {{"type", "pid"}}});
  const Ran ran = berth({"run", "-b", bundle(), id()});
  ASSERT_EQ(ran.status, 0) << ran;
  std::istringstream words(ran.out);
  std::string map;
  for (std::string word; words >> word;) map += word + " ";
  EXPECT_EQ(map, "0 0 1 0 0 1 ");
}

TEST_F(NamespaceTest, AReadOnlyRootStaysReadOnlyWithoutAMountNamespace) {
  with_namespaces(json::array());
  configure([](json& config) {
    config["root"]["readonly"] = true;
    config["linux"]["maskedPaths"] = {"/proc/version"};
    config["process"]["args"] = {"sh", "-c", "touch /x; cat /proc/version | wc -c"};
  });
  const Ran ran = berth({"run", "-b", bundle(), id()});
  EXPECT_THAT(ran.err, HasSubstr("Read-only file system"));
  EXPECT_EQ(ran.out, "0\n");
}

struct Kind {
  const char* type;    // in config.json
  const char* option;  // of unshare(1)
  const char* file;    // in /proc/PID/ns: of the container
  const char* joined;  // and of the other process
  const char* wrong;   // one of another kind
};
std::ostream& operator<<(std::ostream& stream, const Kind& kind) {
  return stream << kind.type;
}
constexpr Kind kKinds[] = {{"cgroup", "--cgroup", "cgroup", "cgroup", "ipc"},
                           {"ipc", "--ipc", "ipc", "ipc", "mnt"},
                           {"mount", "--mount", "mnt", "mnt", "net"},
                           {"network", "--net", "net", "net", "pid"},
                           {"pid", "--pid", "pid", "pid_for_children", "user"},
                           {"time", "--time", "time", "time_for_children", "uts"},
                           {"user", "--user", "user", "user", "uts"},
                           {"uts", "--uts", "uts", "uts", "cgroup"}};

class EachKind : public NamespaceTest, public ::testing::WithParamInterface<Kind> {};

INSTANTIATE_TEST_SUITE_P(Namespaces, EachKind, ::testing::ValuesIn(kKinds),
                         [](const auto& kind) { return std::string(kind.param.type); });

TEST_P(EachKind, IsJoinedByPath) {
  const Kind& kind = GetParam();
  const bool user = std::string(kind.type) == "user";
  std::vector<std::string> words{"unshare", kind.option};
  if (user) words.emplace_back("--map-root-user");
  words.insert(words.end(), {"--fork", "sleep", "300"});
  const Running other(words);
  const auto of_other = [&] { return namespace_of(other.pid(), kind.joined); };
  const std::string own = link_of(std::string("/proc/self/ns/") + kind.file);
  // Its child executes the program when all is done: mapped, and its mounts nobody's peers any
  // more.
  const std::string pid_of_other = std::to_string(other.pid());
  const auto program_of_child = [&] {
    const std::string child =
        read_file(AT_FDCWD, "/proc/" + pid_of_other + "/task/" + pid_of_other + "/children");
    const std::string comm = "/proc/" + child.substr(0, child.find(' ')) + "/comm";
    return child.empty() ? "" : read_file_if_exists(AT_FDCWD, comm).value_or("");
  };
  for (int i = 0; i < 500 && program_of_child() != "sleep\n"; ++i) ::usleep(10'000);
  ASSERT_NE(of_other(), own);
  const std::string before = mounts_of(pid_of_other);

  const std::string path = "/proc/" + pid_of_other + "/ns/" + kind.joined;
  json namespaces = {{{"type", kind.type}, {"path", path}}};
  if (std::string(kind.type) != "mount") namespaces.push_back({{"type", "mount"}});
  with_namespaces(namespaces);
  if (user) {  // as podman does, for the sake of runtimes that ask for them
    configure([](json& config) {
      const json map = {{{"containerID", 0}, {"hostID", 0}, {"size", 1}}};
      config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = map;
    });
  }
  const std::string c = id();
  const int pid = run_detached(c);
  EXPECT_EQ(namespace_of(pid, kind.file), of_other());
  EXPECT_EQ(mounts_of(pid_of_other), before);
  const Ran inside = berth({"exec", c, "ls", "/bin/sh"});
  EXPECT_EQ(inside.out, "/bin/sh\n") << inside;
  EXPECT_NE(berth({"exec", c, "ls", bundle()}).status, 0);
}

TEST_P(EachKind, ByAPathToAnotherKindIsRefused) {
  const Kind& kind = GetParam();
  const std::string path = std::string("/proc/self/ns/") + kind.wrong;
  with_namespaces({{{"type", kind.type}, {"path", path}}});
  const std::string c = id();
  const Ran ran = berth({"run", "-b", bundle(), c});
  EXPECT_EQ(ran.status, 1) << ran;
  EXPECT_THAT(ran.err, HasSubstr(": linux.namespaces[0].path: '" + path +
                                 "' is not a namespace of type '" + kind.type + "'\n"));
  EXPECT_THAT(remains(c), ::testing::IsEmpty());
}

TEST_F(NamespaceTest, APathToTheRuntimesOwnIsTheHosts) {
  with_namespaces({{{"type", "network"}, {"path", "/proc/self/ns/net"}}, {{"type", "mount"}}});
  configure([](json& config) { config["linux"]["sysctl"] = {{"net.ipv4.ip_no_such", "1"}}; });
  const Ran ran = berth({"run", "-b", bundle(), id()});
  EXPECT_NE(ran.status, 0);
  EXPECT_THAT(ran.err, HasSubstr("linux.sysctl: 'net.ipv4.ip_no_such' would change the host's\n"));
}

}  // namespace
}  // namespace berth::test
