#include "runtime/service/service.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/message_of.h"
#include "tests/support/temporary_folder.h"

namespace berth::runtime::service {
namespace {

using test::message_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(Service, IsReadAsLinuxKitWritesIt) {
  const Service service = parse_service(R"({
    "cgroups": ["/pods/7", "kubelet"],
    "mounts": [{"destination": "/var/lib/x", "type": "overlay", "source": "overlay",
                "options": ["rw", "lowerdir=/a", "upperdir=/b", "workdir=/c"]},
               {"destination": "/m", "source": "/s", "options": ["rbind", "ro", "noatime", "rshared"]}],
    "mkdir": ["/var/lib/x/y"],
    "interfaces": [{"name": "eth0", "peer": "v0", "addresses": ["10.0.0.2/24"]},
                   {"name": "d0", "add": "dummy"},
                   {"name": "d1", "add": "dummy", "createInRoot": true},
                   {"name": "m0", "add": "macvlan", "peer": "e2"},
                   {"name": "e1"}],
    "routes": [{"destination": "default", "gateway": "10.0.0.1"}],
    "bindNS": {"net": "/run/netns/x", "mnt": "/run/mnt", "user": ""},
    "namespace": "services"})");
  EXPECT_THAT(service.cgroups, ElementsAre("pods/7", "kubelet"));
  ASSERT_EQ(service.mounts.size(), 2U);
  EXPECT_EQ(service.mounts[0].type, "overlay");
  EXPECT_THAT(service.mounts[0].options.data,
              ElementsAre(std::pair("lowerdir", "/a"), std::pair("upperdir", "/b"),
                          std::pair("workdir", "/c")));
  EXPECT_TRUE(service.mounts[1].options.recursive_bind);
  EXPECT_EQ(service.mounts[1].options.attributes.set,
            uint64_t{MOUNT_ATTR_RDONLY} | MOUNT_ATTR_NOATIME);
  EXPECT_THAT(service.mounts[1].options.propagation,
              ElementsAre(rootfs::Propagation{MS_SHARED, true}));
  EXPECT_THAT(service.directories, ElementsAre("/var/lib/x/y"));
  ASSERT_EQ(service.interfaces.size(), 5U);
  EXPECT_EQ(service.interfaces[0].kind, "veth") << "a peer alone says so";
  EXPECT_EQ(service.interfaces[0].addresses[0].text(), "10.0.0.2/24");
  EXPECT_TRUE(service.interfaces[0].is_moved());
  EXPECT_FALSE(service.interfaces[1].is_moved()) << "made where it is wanted";
  EXPECT_TRUE(service.interfaces[2].is_moved());
  EXPECT_TRUE(service.interfaces[3].is_moved()) << "made where the one that it is on is";
  EXPECT_EQ(service.interfaces[3].kind, "macvlan");
  EXPECT_TRUE(service.interfaces[4].is_moved());
  ASSERT_EQ(service.routes.size(), 1U);
  EXPECT_EQ(service.routes[0].text(), "default");
  ASSERT_EQ(service.namespaces.size(), 2U) << "an empty path asks for nothing";
  EXPECT_EQ(service.namespaces[0].path, "/run/mnt");
  EXPECT_EQ(service.namespaces[1].type, spec::NamespaceType::network);
}

TEST(Service, WhatIsNotThereAsksForNothing) {
  for (const char* json : {"{}", R"({"cgroups": null, "bindNS": {"net": ""}})"}) {
    const Service service = parse_service(json);
    EXPECT_THAT(service.cgroups, IsEmpty()) << json;
    EXPECT_THAT(service.mounts, IsEmpty()) << json;
    EXPECT_THAT(service.directories, IsEmpty()) << json;
    EXPECT_THAT(service.namespaces, IsEmpty()) << json;
    EXPECT_FALSE(service.has_network()) << json;
  }
}

TEST(Service, WhatIsWrongIsNamedWithItsPath) {
  const std::pair<const char*, const char*> wrong[] = {
      {"{", "runtime.json: not valid JSON"},
      {R"({"mount": []})", "runtime.json: mount: unknown key; allowed are cgroups, mounts"},
      {R"({"mounts": [{"destination": "/a", "type": "tmpfs", "option": []}]})",
       "runtime.json: mounts[0].option: unknown key; allowed are destination, type, source, "
       "options"},
      {R"({"mounts": [{"destination": "a", "type": "tmpfs"}]})",
       "runtime.json: mounts[0].destination: 'a' is not an absolute path"},
      {R"({"mounts": [{"destination": "/a"}]})",
       "runtime.json: mounts[0].type: neither a file system nor a bind mount"},
      {R"({"mounts": [{"destination": "/a", "options": ["bind"]}]})",
       "runtime.json: mounts[0].source: a bind mount has one"},
      {R"({"mounts": [{"destination": "/a", "source": "/b", "options": ["bind", "idmap"]}]})",
       "runtime.json: mounts[0].options: idmap, tmpcopyup and"},
      {R"({"cgroups": ["a/../.."]})",
       "runtime.json: cgroups[0]: 'a/../..' is not the path of a cgroup, such as pods/7"},
      {R"({"cgroups": ["/"]})", "runtime.json: cgroups[0]: '/' is not the path of a cgroup"},
      {R"({"mkdir": ["x"]})", "runtime.json: mkdir[0]: 'x' is not an absolute path"},
      {R"({"interfaces": [{"name": "a/b"}]})",
       "runtime.json: interfaces[0].name: 'a/b' is not the name of a network interface"},
      {R"({"interfaces": [{"name": "a"}, {"name": "a"}]})",
       "runtime.json: interfaces[1].name: 'a' is given twice"},
      {R"({"interfaces": [{"name": "a", "add": "veth"}]})",
       "runtime.json: interfaces[0].peer: a veth has two ends"},
      {R"({"interfaces": [{"name": "a", "peer": "a"}]})",
       "runtime.json: interfaces[0].peer: 'a' is its own name"},
      {R"({"interfaces": [{"name": "a", "createInRoot": true}]})",
       "runtime.json: interfaces[0].add: createInRoot: nothing is made"},
      {R"({"interfaces": [{"name": "a", "addresses": ["10.0.0.1/24", "10.0.0.300/24"]}]})",
       "runtime.json: interfaces[0].addresses[1]: '10.0.0.300/24' is no IP address"},
      {R"({"routes": [{"gateway": "10.0.0.1"}]})", "runtime.json: routes[0].destination: "},
      {R"({"routes": [{"destination": "10.0.0.0"}]})",
       "runtime.json: routes[0].destination: '10.0.0.0' is neither 'default' nor"},
      {R"({"routes": [{"destination": "default", "gateway": "x"}]})",
       "runtime.json: routes[0].gateway: 'x' is no"},
      {R"({"routes": [{"destination": "10.0.0.0/8", "gateway": "::1"}]})",
       "runtime.json: routes[0]: gateway: '::1' is of another family"},
      {R"({"bindNS": {"time": "/a"}})", "runtime.json: bindNS.time: unknown key; allowed are"},
      {R"({"bindNS": {"net": "a"}})", "runtime.json: bindNS.net: 'a' is not an absolute path"},
      {R"({"bindNS": {"net": "/a", "ipc": "/a"}})",
       "runtime.json: bindNS.net: '/a' is given twice"},
  };
  for (const auto& [json, line] : wrong) {
    EXPECT_THAT(message_of([&] { (void)parse_service(json); }), HasSubstr(line)) << json;
  }
}

class LoadService : public testing::Test {
 protected:
  void write(const std::string& json, mode_t mode = 0644) {
    std::ofstream(file_) << json;
    ASSERT_EQ(::chmod(file_.c_str(), mode), 0);
  }
  std::string loaded(uid_t owner = ::geteuid()) {
    return message_of([&] { (void)load_service(bundle_.get(), "b", owner); });
  }
  test::TemporaryFolder folder_{0755};
  std::string file_ = folder_.path() + "/runtime.json";
  UniqueFd bundle_ = open_dir(AT_FDCWD, folder_.path());
};

TEST_F(LoadService, ABundleMayHaveNone) {
  EXPECT_FALSE(has_service(bundle_.get()));
  EXPECT_EQ(load_service(bundle_.get(), "b"), std::nullopt);
}

TEST_F(LoadService, OneThatOthersCouldHaveWrittenIsRefused) {
  write(R"({"mkdir": ["/a"]})");
  EXPECT_EQ(loaded(), "no error");
  EXPECT_THAT(loaded(::geteuid() + 1), HasSubstr("refuse bundle 'b': it belongs to uid"));
  write("{}", 0666);
  EXPECT_EQ(loaded(),
            "bundle 'b': refuse runtime.json: others than root may write it (chmod go-w)");
  write("{}");
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  EXPECT_EQ(loaded(), "refuse bundle 'b': others than root may write it (chmod go-w)");
}

TEST_F(LoadService, OnlyAFileIsRead) {
  std::filesystem::create_symlink("/dev/null", file_);
  EXPECT_EQ(loaded(), "bundle 'b': refuse runtime.json: it is a symbolic link");
  std::filesystem::remove(file_);
  ASSERT_EQ(::mkfifo(file_.c_str(), 0644), 0);
  EXPECT_EQ(loaded(), "bundle 'b': runtime.json is not a regular file");
  std::filesystem::remove(file_);
  write(R"({"x": 1})");
  EXPECT_THAT(loaded(), HasSubstr("bundle 'b': runtime.json: x: unknown key"));
}

}  // namespace
}  // namespace berth::runtime::service
