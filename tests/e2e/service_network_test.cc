// The network part of a bundle's runtime.json. The host is a network namespace of the test's own.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include "runtime/network/interface.h"
#include "tests/e2e/runtime_fixture.h"
#include "tests/runtime/network/network_namespace.h"

namespace berth::test {
namespace {

using nlohmann::json;
using runtime::network::find_interface;
using runtime::network::Interface;
using runtime::network::Netlink;
using runtime::network::parse_address;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ServiceNetwork : public RuntimeFixture {
 protected:
  void SetUp() override {
    RuntimeFixture::SetUp();
    if (IsSkipped()) return;
    if (const std::string why = lacks_interfaces(); !why.empty()) GTEST_SKIP() << why;
    host_.emplace();
  }
  void TearDown() override {
    RuntimeFixture::TearDown();
    std::filesystem::remove(bundle() + "/runtime.json");
    ::umount2(net().c_str(), MNT_DETACH);
  }

  Netlink host() const { return Netlink(host_->fd()); }
  Ran on_host(std::vector<std::string> words) const {
    const std::string place =
        "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(host_->fd());
    words.insert(words.begin(), {"nsenter", "--net=" + place, kBerth, "--root", root()});
    return run(words);
  }
  static void service(const json& wanted) {
    std::ofstream(bundle() + "/runtime.json") << wanted.dump();
  }
  std::string net() const { return folder_.path() + "/net"; }
  std::vector<std::string> interfaces(const Netlink& netlink,
                                      const std::vector<std::string>& names) const {
    std::vector<std::string> found;
    for (const std::string& name : names) {
      if (find_interface(netlink, name)) found.push_back(name);
    }
    return found;
  }
  void give(const std::string& name, const std::string& address) const {
    const Interface interface = get_interface(host(), name);
    add_address(host(), interface, parse_address(address));
    raise_interface(host(), interface);
  }
  // What a server says to who connects from the host.
  std::string hear(const char* ip, uint16_t port) const {
    std::string heard;
    host_->run([&] {
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_port = htons(port);
      ASSERT_EQ(::inet_pton(AF_INET, ip, &to.sin_addr), 1);
      for (int i = 0; i < 500; ++i) {
        const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (::connect(socket.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) {
          heard = read_fd(socket.get(), "socket");
          return;
        }
        ::usleep(20'000);
      }
    });
    return heard;
  }

  std::optional<NetworkNamespace> host_;
};

TEST_F(ServiceNetwork, AVethLeadsToTheHost) {
  script("ip route; echo hello | nc -l -p 5000");
  service({{"interfaces", {{{"name", "eth0"}, {"peer", "v0"}, {"addresses", {"10.9.8.2/24"}}}}},
           {"routes",
            {{{"destination", "default"}, {"gateway", "10.9.8.1"}},
             {{"destination", "10.20.0.0/16"},
              {"gateway", "10.9.8.7"},
              {"source", "10.9.8.2"},
              {"interface", "eth0"}}}}});
  const std::string c = id();
  const Ran made = on_host({"--log", folder_.path() + "/log", "create", "-b", bundle(), c});
  ASSERT_EQ(made.status, 0) << made;
  EXPECT_FALSE(find_interface(host(), "eth0"));
  give("v0", "10.9.8.1/24");
  ASSERT_EQ(on_host({"start", c}).status, 0);
  EXPECT_EQ(hear("10.9.8.2", 5000), "hello\n");
  EXPECT_EQ(await(c, "stopped"), "stopped");
  const Ran gone = on_host({"delete", c});
  EXPECT_EQ(gone.err, "");
  EXPECT_FALSE(find_interface(host(), "v0"));
}

TEST_F(ServiceNetwork, RoutesAndAddressesAreAsWritten) {
  script("ip -o -4 addr show dev eth0; ip route; ip -o link show d1; ip -o link show d2");
  service({{"interfaces",
            {{{"name", "eth0"}, {"peer", "v0"}, {"addresses", {"10.9.8.2/24", "10.9.9.2/32"}}},
             {{"name", "d1"}, {"add", plain_kind()}},
             {{"name", "d2"}, {"add", plain_kind()}, {"createInRoot", true}}}},
           {"routes",
            {{{"destination", "default"}, {"gateway", "10.9.8.1"}},
             {{"destination", "10.20.0.0/16"},
              {"gateway", "10.9.8.7"},
              {"source", "10.9.9.2"},
              {"interface", "eth0"}}}}});
  const Ran ran = on_host({"run", "-b", bundle(), id()});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(ran.out, HasSubstr("inet 10.9.8.2/24 "));
  EXPECT_THAT(ran.out, HasSubstr("inet 10.9.9.2/32 "));
  EXPECT_THAT(ran.out, HasSubstr("default via 10.9.8.1 dev eth0"));
  EXPECT_THAT(ran.out, HasSubstr("10.20.0.0/16 via 10.9.8.7 dev eth0  src 10.9.9.2"));
  EXPECT_THAT(ran.out, HasSubstr(": d1"));
  EXPECT_THAT(ran.out, HasSubstr(": d2"));
  EXPECT_THAT(interfaces(host(), {"eth0", "v0", "d1", "d2"}), IsEmpty());
}

TEST_F(ServiceNetwork, OneMaySitOnAnInterfaceOfTheHost) {
  make_interface(host(), "veth", "lower", "far");
  const char* const kind = "macvlan";
  try {
    make_interface_on(host(), kind, "probe", get_interface(host(), "lower"));
    remove_interface(host(), get_interface(host(), "probe"));
  } catch (const Error& error) {
    GTEST_SKIP() << error.message();
  }
  script("ip -o -4 addr show dev m0");
  service({{"interfaces",
            {{{"name", "m0"}, {"add", kind}, {"peer", "lower"}, {"addresses", {"10.9.8.2/24"}}}}}});
  const Ran ran = on_host({"run", "-b", bundle(), id()});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(ran.out, HasSubstr("inet 10.9.8.2/24"));
  EXPECT_EQ(ran.err, "");
  EXPECT_THAT(interfaces(host(), {"m0", "lower", "far"}), ElementsAre("lower", "far"));
}

TEST_F(ServiceNetwork, AnInterfaceOfTheHostComesHomeWhereItsNamespaceIsBound) {
  script("ip -o -4 addr show dev d0");
  make_interface(host(), plain_kind(), "d0");
  give("d0", "10.9.8.1/24");
  service({{"interfaces", {{{"name", "d0"}}}}, {"bindNS", {{"net", net()}}}});
  const Ran ran = on_host({"run", "-b", bundle(), id()});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(ran.out, HasSubstr("inet 10.9.8.1/24"));
  EXPECT_EQ(ran.err, "");
  const auto home = find_interface(host(), "d0");
  ASSERT_TRUE(home);
  EXPECT_TRUE(home->is_up());
  ASSERT_EQ(global_addresses(host(), *home).size(), 1U);
  EXPECT_EQ(global_addresses(host(), *home)[0].text(), "10.9.8.1/24");
  EXPECT_FALSE(std::filesystem::exists(net()));
}

TEST_F(ServiceNetwork, ALaunchBringsTheHostsInterfacesBack) {
  make_interface(host(), plain_kind(), "d0");
  give("d0", "10.9.8.1/24");
  service({{"interfaces", {{{"name", "d0"}}, {{"name", "eth0"}, {"peer", "v0"}}}}});
  const std::string place =
      "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(host_->fd());
  const Ran ran = run({"nsenter", "--net=" + place, kBerth, "launch", "-b", bundle(), "--", "sh",
                       "-c", "ip -o -4 addr show dev d0; ip -o link show eth0"});
  EXPECT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(ran.out, HasSubstr("inet 10.9.8.1/24"));
  EXPECT_THAT(ran.out, HasSubstr(": eth0"));
  EXPECT_EQ(ran.err, "");
  EXPECT_THAT(interfaces(host(), {"d0", "eth0", "v0"}), ElementsAre("d0"));
}

TEST_F(ServiceNetwork, OneThatIsLostIsSaid) {
  script("true");
  make_interface(host(), plain_kind(), "d0");
  service({{"interfaces", {{{"name", "d0"}}}}});
  const Ran ran = on_host({"run", "-b", bundle(), id()});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.err,
            "berth: could not bring back interface 'd0': it went with the container's network "
            "namespace\n");
}

TEST_F(ServiceNetwork, AFailureLeavesTheHostsInterfacesAsTheyWere) {
  script("true");
  make_interface(host(), plain_kind(), "d0");
  const json veth{{"name", "eth0"}, {"peer", "v0"}, {"addresses", {"10.9.8.2/24"}}};
  const std::pair<json, const char*> wrong[] = {
      {{{"interfaces", {{{"name", "d0"}}, veth}},
        {"routes", {{{"destination", "default"}, {"gateway", "10.1.1.1"}}}}},
       "runtime.json: routes[0]: add route to 'default': network is unreachable"},
      {{{"interfaces", {{{"name", "d0"}}, veth, {{"name", "none"}}}}},
       "runtime.json: interfaces.none: "},
      {{{"interfaces", {{{"name", "d0"}}, veth, {{"name", "x"}, {"add", "no_such_kind"}}}}},
       "runtime.json: interfaces[2]: "},
      {{{"interfaces", {{{"name", "d0"}}, {{"name", "eth0"}, {"peer", "d0"}}}}},
       "runtime.json: interfaces[1]: "},
  };
  int number = 0;
  for (const auto& [wanted, line] : wrong) {
    service(wanted);
    const std::string c = id(std::to_string(number++));
    const Ran ran = on_host({"run", "-b", bundle(), c});
    EXPECT_EQ(ran.status, 1) << wanted;
    EXPECT_THAT(ran.err, HasSubstr(line));
    EXPECT_THAT(interfaces(host(), {"d0", "eth0", "v0", "x"}), ElementsAre("d0")) << wanted;
    EXPECT_THAT(remains(c), IsEmpty());
  }
}

TEST_F(ServiceNetwork, WithoutANetworkNamespaceOfItsOwnItIsRefused) {
  configure([](json& config) {
    auto& spaces = config["linux"]["namespaces"];
    for (size_t i = 0; i < spaces.size(); ++i) {
      if (spaces[i]["type"] == "network") spaces.erase(i--);
    }
  });
  service({{"interfaces", {{{"name", "d1"}, {"add", plain_kind()}}}}});
  const Ran ran = on_host({"run", "-b", bundle(), id()});
  EXPECT_EQ(ran.status, 1);
  EXPECT_EQ(ran.err,
            "berth: runtime.json: interfaces: the container has no network namespace of its own\n");
  EXPECT_FALSE(find_interface(host(), "d1"));
}

}  // namespace
}  // namespace berth::test
