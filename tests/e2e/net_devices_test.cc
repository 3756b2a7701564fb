// linux.netDevices: interfaces move into a container and, where it cannot be made, stay what they
// were. The host is a network namespace of the test's own.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include "runtime/network/interface.h"
#include "tests/e2e/runtime_fixture.h"
#include "tests/runtime/network/network_namespace.h"

namespace berth::test {
namespace {

using nlohmann::json;
using runtime::network::Interface;
using runtime::network::Netlink;
using runtime::network::NetlinkMessage;
using runtime::network::parse_address;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

class NetDevices : public RuntimeFixture {
 protected:
  void SetUp() override {
    RuntimeFixture::SetUp();
    if (IsSkipped()) return;
    if (const std::string why = lacks_interfaces(); !why.empty()) GTEST_SKIP() << why;
    host_.emplace();
    elsewhere_.emplace();
  }

  Netlink host() const { return Netlink(host_->fd()); }
  Netlink elsewhere() const { return Netlink(elsewhere_->fd()); }
  static std::string path_of(const NetworkNamespace& place) {
    return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(place.fd());
  }
  std::vector<std::string> on_host(std::vector<std::string> words) const {
    words.insert(words.begin(), {"nsenter", "--net=" + path_of(*host_), kBerth, "--root", root()});
    return words;
  }
  Ran berth_run(const std::string& container, const RunOptions& options = {}) const {
    return run(on_host({"run", "-b", bundle(), container}), options);
  }

  // Up and with these addresses, the IPv6 ones usable at once.
  void give(const std::string& name, const std::vector<std::string>& addresses) const {
    const Interface interface = get_interface(host(), name);
    for (const std::string& text : addresses) {
      auto address = parse_address(text);
      if (address.ip.family == AF_INET6) address.flags = IFA_F_NODAD;
      add_address(host(), interface, address);
    }
    raise_interface(host(), interface);
  }
  void make_plain(const std::string& name, const std::vector<std::string>& addresses = {}) const {
    make_interface(host(), plain_kind(), name);
    give(name, addresses);
  }
  static std::vector<std::string> addresses_of(const Netlink& netlink, const std::string& name) {
    std::vector<std::string> texts;
    for (const auto& address : global_addresses(netlink, get_interface(netlink, name))) {
      texts.push_back(address.text());
    }
    return texts;
  }

  void net_devices(const json& devices) {
    configure([&](json& config) { config["linux"]["netDevices"] = devices; });
  }
  // The container's network namespace is `elsewhere`.
  void join_elsewhere() {
    configure([&](json& config) {
      for (json& space : config["linux"]["namespaces"]) {
        if (space["type"] == "network") space["path"] = path_of(*elsewhere_);
      }
    });
  }
  void hook(const std::string& kind, const std::string& text) {
    configure([&](json& config) {
      config["hooks"][kind] = {{{"path", "/bin/sh"},
                                {"args", {"sh", "-c", text}},
                                {"env", {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}}}};
    });
  }

  std::optional<NetworkNamespace> host_, elsewhere_;
};

TEST_F(NetDevices, MoveWithTheirNamesAddressesAndMtuAndAreUp) {
  make_plain("d0", {"10.0.0.1/24", "10.0.0.2/24", "fd00::1/64"});
  make_plain("d1");
  make_plain("left");
  NetlinkMessage mtu(RTM_NEWLINK, 0,
                     ifinfomsg{.ifi_family = 0,
                               .__ifi_pad = 0,
                               .ifi_type = 0,
                               .ifi_index = get_interface(host(), "d0").index,
                               .ifi_flags = 0,
                               .ifi_change = 0});
  mtu.put(IFLA_MTU, uint32_t{1789});
  host().request(mtu, "set MTU of", "d0");
  net_devices({{"d0", {{"name", "eth0"}}}, {"d1", json::object()}});
  script("ip addr; ls /sys/class/net");
  const Ran ran = berth_run(id());
  ASSERT_EQ(ran.status, 0) << ran;
  EXPECT_EQ(ran.err, "");
  EXPECT_THAT(ran.out, ::testing::ContainsRegex(": eth0: <[A-Z,_]*,UP[,A-Z_]*> mtu 1789"));
  EXPECT_THAT(ran.out, ::testing::ContainsRegex(": d1: <[A-Z,_]*,UP[,A-Z_]*>"));
  for (const char* address : {"inet 10.0.0.1/24 ", "inet 10.0.0.2/24 ", "inet6 fd00::1/64 "}) {
    EXPECT_THAT(ran.out, HasSubstr(address));
  }
  EXPECT_THAT(ran.out, Not(HasSubstr(": d0:")));
  EXPECT_THAT(ran.out, Not(HasSubstr(": left:")));
  EXPECT_FALSE(find_interface(host(), "d0"));
  EXPECT_TRUE(find_interface(host(), "left"));
}

// What a client in the container says to a server on the host.
TEST_F(NetDevices, AVethEndTalksToTheHost) {
  make_interface(host(), "veth", "v0", "v1");
  give("v0", {"10.1.0.1/24"});
  give("v1", {"10.1.0.2/24"});
  net_devices({{"v1", {{"name", "eth0"}}}});
  script("echo hello from $(hostname) | nc 10.1.0.1 7777");
  UniqueFd listening;
  host_->run([&] {
    listening.reset(check(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(7777);
    check(::bind(listening.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), "bind");
    check(::listen(listening.get(), 1), "listen");
  });
  Running container(on_host({"run", "-b", bundle(), id()}));
  pollfd state{listening.get(), POLLIN, 0};
  ASSERT_EQ(::poll(&state, 1, 30'000), 1) << container.wait();
  sockaddr_in from{};
  socklen_t size = sizeof from;
  UniqueFd connection(
      check(::accept4(listening.get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC),
            "accept"));
  EXPECT_EQ(from.sin_addr.s_addr, ::inet_addr("10.1.0.2"));
  char buffer[64] = {};
  check(::read(connection.get(), buffer, sizeof buffer - 1), "read");
  connection.reset();
  EXPECT_THAT(buffer, ::testing::StartsWith("hello from "));
  const Ran ran = container.wait();
  EXPECT_EQ(ran.status, 0) << ran;
}

TEST_F(NetDevices, ATemplateIsTheFirstNameThatIsFree) {
  for (const char* name : {"a", "b"}) make_plain(name);
  make_interface(elsewhere(), plain_kind(), "eth0");
  net_devices({{"a", {{"name", "eth%d"}}}, {"b", {{"name", "eth%d"}}}});
  join_elsewhere();
  script("ip link");
  const Ran ran = berth_run(id());
  ASSERT_EQ(ran.status, 0) << ran;
  EXPECT_THAT(ran.out, HasSubstr(": eth1:"));
  EXPECT_THAT(ran.out, HasSubstr(": eth2:"));
  EXPECT_TRUE(find_interface(elsewhere(), "eth2")) << "the namespace's owner has it from now on";
}

// prestart is the first of them; sysctls of an interface find it too.
TEST_F(NetDevices, AreThereForSysctlsAndHooks) {
  make_plain("d0");
  net_devices({{"d0", {{"name", "eth0"}}}});
  const std::string seen = folder_.path() + "/seen";
  hook("prestart", "nsenter --net=/proc/$(jq .pid)/ns/net cat /proc/net/dev >" + seen);
  configure([](json& config) {
    config["linux"]["sysctl"] = {{"net.ipv4.conf.eth0.accept_source_route", "1"}};
  });
  script("cat /proc/sys/net/ipv4/conf/eth0/accept_source_route");
  const Ran ran = berth_run(id());
  EXPECT_EQ(ran.out, "1\n") << ran;
  EXPECT_THAT(read_file(AT_FDCWD, seen), HasSubstr("eth0:"));
}

TEST_F(NetDevices, MoveIntoANamespaceOfAUserNamespace) {
  make_plain("d0", {"10.0.0.1/24"});
  net_devices({{"d0", json::object()}});
  configure([](json& config) {
    const json map = {{{"containerID", 0}, {"hostID", 0}, {"size", 65536}}};
    config["linux"]["uidMappings"] = config["linux"]["gidMappings"] = map;
    config["linux"]["namespaces"].push_back({{"type", "user"}});
  });
  script("ip addr show d0");
  const Ran ran = berth_run(id());
  EXPECT_THAT(ran.out, HasSubstr("inet 10.0.0.1/24 ")) << ran;
}

TEST_F(NetDevices, OneThatIsNotThereIsOneLine) {
  net_devices({{"none", json::object()}});
  const std::string c = id();
  const Ran ran = berth_run(c);
  EXPECT_NE(ran.status, 0);
  EXPECT_THAT(ran.err, HasSubstr("linux.netDevices.none: find interface 'none': no such device\n"));
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(NetDevices, GoBackWhereTheNameOfAnotherIsTaken) {
  make_plain("a", {"10.0.0.1/24", "fd00::1/64"});
  make_interface(host(), plain_kind(), "b");
  make_interface(elsewhere(), plain_kind(), "eth0");
  net_devices({{"a", {{"name", "x"}}}, {"b", {{"name", "eth0"}}}});
  join_elsewhere();
  const std::string c = id();
  const Ran ran = berth_run(c);
  EXPECT_NE(ran.status, 0);
  EXPECT_THAT(ran.err,
              HasSubstr("linux.netDevices.b: the container's network namespace has an interface "
                        "'eth0' already\n"));
  EXPECT_TRUE(get_interface(host(), "a").is_up());
  EXPECT_THAT(addresses_of(host(), "a"), UnorderedElementsAre("10.0.0.1/24", "fd00::1/64"));
  EXPECT_FALSE(get_interface(host(), "b").is_up());
  EXPECT_FALSE(find_interface(elsewhere(), "x"));
  EXPECT_THAT(remains(c), IsEmpty());
}

// A veth pair would be gone with the container's own namespace.
TEST_F(NetDevices, GoBackWhereAHookFails) {
  make_interface(host(), "veth", "v0", "v1");
  give("v0", {"10.1.0.1/24"});
  give("v1", {"10.1.0.2/24"});
  net_devices({{"v1", {{"name", "eth0"}}}});
  hook("createRuntime", "exit 3");
  const std::string c = id();
  const Ran ran = berth_run(c);
  EXPECT_THAT(ran.err, HasSubstr("createRuntime hook #0"));
  EXPECT_THAT(ran.err, Not(HasSubstr("given back"))) << ran;
  ASSERT_TRUE(find_interface(host(), "v1"));
  EXPECT_TRUE(get_interface(host(), "v1").is_up());
  EXPECT_THAT(addresses_of(host(), "v1"), ElementsAre("10.1.0.2/24"));
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(NetDevices, ThatCannotBeGivenBackAreToldOf) {
  make_plain("d0");
  net_devices({{"d0", {{"name", "eth0"}}}});
  hook("createRuntime", "nsenter --net=" + path_of(*host_) + " busybox ip link add d0 type " +
                            plain_kind() + " && exit 3");
  const Ran ran = berth_run(id());
  EXPECT_THAT(ran.err, HasSubstr("ended with 3; linux.netDevices.d0: cannot be given back: move "
                                 "interface 'eth0': file exists"))
      << ran;
}

TEST_F(NetDevices, AreRefusedWhereNothingWouldMove) {
  make_plain("d0");
  net_devices({{"d0", {{"name", "eth0"}}}});
  configure([](json& config) {
    for (json& space : config["linux"]["namespaces"]) {
      if (space["type"] == "network") space["path"] = "/proc/self/ns/net";
    }
  });
  const std::string c = id();
  const Ran ran = berth_run(c);
  EXPECT_THAT(ran.err, HasSubstr("linux.netDevices: the container's network namespace is this "
                                 "process' own\n"));
  EXPECT_TRUE(find_interface(host(), "d0"));
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(NetDevices, OfAUserAreRefusedBeforeAnythingIsMade) {
  make_plain("d0");
  net_devices({{"d0", json::object()}});
  const std::string state_root = folder_.path() + "/of_user";
  std::filesystem::create_directory(state_root);
  ASSERT_EQ(::chown(state_root.c_str(), 1000, 1000), 0);
  const Ran ran =
      run({"nsenter", "--net=" + path_of(*host_), "setpriv", "--reuid", "1000", "--regid", "1000",
           "--clear-groups", kBerth, "--root", state_root, "run", "-b", bundle(), id()});
  EXPECT_THAT(ran.err, HasSubstr("linux.netDevices: to move network interfaces takes "
                                 "CAP_NET_ADMIN\n"));
  EXPECT_EQ(ran.status, 1);
  EXPECT_TRUE(std::filesystem::is_empty(state_root));
}

}  // namespace
}  // namespace berth::test
