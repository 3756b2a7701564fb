#include "runtime/process/namespaces.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

#include "base/error.h"
#include "runtime/process/host_name.h"
#include "runtime/process/loopback.h"
#include "runtime/process/sysctl.h"
#include "runtime/process/user_namespace.h"
#include "tests/runtime/process/in_child.h"
#include "tests/support/message_of.h"

namespace berth::runtime::process {
namespace {

using test::message_of;

using spec::NamespaceType;
using ::testing::HasSubstr;

spec::Spec with(std::vector<spec::Namespace> namespaces) {
  spec::Spec spec;
  spec.process.emplace();
  spec.linux_.namespaces = std::move(namespaces);
  return spec;
}

std::string link(const char* name) {
  char buffer[64] = {};
  check(::readlink((std::string("/proc/self/ns/") + name).c_str(), buffer, sizeof buffer - 1),
        "readlink", name);
  return buffer;
}

TEST(Namespaces, MakesThoseOfTheSpecAndAlwaysAMountNamespace) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  const std::string mnt = link("mnt"), uts = link("uts"), net = link("net");
  EXPECT_EQ(test::in_child([&] {
              Namespaces::open(with({{NamespaceType::uts, ""}}), false).make();
              return std::string(link("mnt") != mnt ? "mnt " : "") +
                     (link("uts") != uts ? "uts " : "") + (link("net") != net ? "net" : "");
            }),
            "mnt uts ");
}

// A process in other namespaces, for as long as this lives.
class Neighbour {
 public:
  explicit Neighbour(int flags) {
    int ready[2];
    check(::pipe2(ready, O_CLOEXEC), "pipe");
    pid_ = check(::fork(), "fork");
    if (pid_ == 0) {
      if (::unshare(flags) != 0) ::_exit(1);
      (void)!::write(ready[1], "x", 1);
      for (;;) ::pause();
    }
    ::close(ready[1]);
    char byte = 0;
    if (::read(ready[0], &byte, 1) != 1) throw Error("no neighbour");
    ::close(ready[0]);
  }
  ~Neighbour() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Neighbour(const Neighbour&) = delete;
  Neighbour& operator=(const Neighbour&) = delete;
  std::string path(const char* name) const {
    return "/proc/" + std::to_string(pid_) + "/ns/" + name;
  }

 private:
  pid_t pid_ = -1;
};

TEST(Namespaces, JoinsByPath) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  EXPECT_EQ(test::in_child([] {
              const Neighbour neighbour(CLONE_NEWUTS);
              const std::string path = neighbour.path("uts"), own = link("uts");
              auto namespaces = Namespaces::open(with({{NamespaceType::uts, path}}), false);
              namespaces.join_before_user();
              return std::string(link("uts") != own ? "joined" : "not joined");
            }),
            "joined");
}

TEST(Namespaces, AMountNamespaceByPathIsForTheEnd) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  EXPECT_EQ(test::in_child([] {
              const Neighbour neighbour(CLONE_NEWNS);
              const std::string own = link("mnt");
              auto joined =
                  Namespaces::open(with({{NamespaceType::mount, neighbour.path("mnt")}}), false);
              auto inherited = Namespaces::open(with({}), true);
              auto made = Namespaces::open(with({{NamespaceType::mount, ""}}), true);
              joined.join_before_user();
              joined.join_after_user();
              return std::string(link("mnt") == own ? "here " : "gone ") +
                     (joined.take_mount_namespace() ? "joins " : "") +
                     (inherited.take_mount_namespace() ? "inherits " : "") +
                     (made.take_mount_namespace() ? "" : "makes");
            }),
            "here joins inherits makes");
}

TEST(Namespaces, ForgetsPathsToItsOwn) {
  auto spec = with({{NamespaceType::uts, "/proc/self/ns/uts"},
                    {NamespaceType::ipc, ""},
                    {NamespaceType::network, "/no/such/path"}});
  forget_own_namespaces(spec);
  EXPECT_FALSE(spec.has_namespace(NamespaceType::uts));
  EXPECT_TRUE(spec.has_namespace(NamespaceType::ipc));
  EXPECT_TRUE(spec.has_namespace(NamespaceType::network));
  // And so it does not rename the host.
  spec.hostname = "berth-7";
  EXPECT_THAT(message_of([&] { set_host_name(spec); }), HasSubstr("would become the host's"));
}

TEST(Namespaces, RefusesAPathThatIsNotWhatItIsCalled) {
  EXPECT_EQ(message_of([] {
              Namespaces::open(with({{NamespaceType::network, "/proc/self/ns/uts"}}), false);
            }),
            "linux.namespaces[0].path: '/proc/self/ns/uts' is not a namespace of type 'network'");
  EXPECT_EQ(message_of([] {
              Namespaces::open(with({{NamespaceType::network, "/dev/null"}}), false);
            }),
            "linux.namespaces[0].path: '/dev/null' is not a namespace of type 'network'");
  EXPECT_EQ(message_of([] {
              Namespaces::open(with({{NamespaceType::ipc, "/nowhere"}}), false);
            }),
            "linux.namespaces[0].path: open '/nowhere': no such file or directory");
}

TEST(Namespaces, NamesWhatItCouldNotMake) {
  EXPECT_EQ(test::in_child([] {
              if (::geteuid() == 0) check(::setresuid(65534, 65534, 65534), "setresuid");
              Namespaces::open(with({{NamespaceType::ipc, ""}}), false).make();
              return std::string("made");
            }),
            "error: make namespaces 'mount, ipc': operation not permitted");
}

TEST(HostName, IsTheContainersOwn) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  auto spec = with({{NamespaceType::uts, ""}});
  spec.hostname = "berth-7";
  spec.domainname = "quay";
  EXPECT_EQ(test::in_child([&] {
              Namespaces::open(spec, false).make();
              set_host_name(spec);
              utsname name{};
              ::uname(&name);
              return std::string(name.nodename) + "." + name.domainname;
            }),
            "berth-7.quay");
}

TEST(HostName, NeverNamesTheHost) {
  auto spec = with({});
  spec.hostname = "berth-7";
  EXPECT_EQ(message_of([&] { set_host_name(spec); }),
            "hostname: 'berth-7' would become the host's: linux.namespaces has no uts");
}

TEST(Loopback, IsUpInANewNetworkNamespace) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  EXPECT_EQ(test::in_child([] {
              check(::unshare(CLONE_NEWNET), "unshare");
              raise_loopback();
              const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
              ifreq request{};
              std::strcpy(request.ifr_name, "lo");
              check(::ioctl(socket.get(), SIOCGIFFLAGS, &request), "ioctl");
              return std::string((request.ifr_flags & IFF_UP) != 0 ? "up" : "down");
            }),
            "up");
}

TEST(Sysctl, TakesBothSpellings) {
  EXPECT_EQ(sysctl_path("net.ipv4.ip_forward"), "net/ipv4/ip_forward");
  EXPECT_EQ(sysctl_path("net/ipv4/conf/eth0.1/forwarding"), "net/ipv4/conf/eth0.1/forwarding");
  EXPECT_EQ(sysctl_path("net.ipv4.conf.eth0/1.forwarding"), "net/ipv4/conf/eth0.1/forwarding");
}

TEST(Sysctl, SetsThoseOfTheContainersNamespaces) {
  if (::geteuid() != 0) GTEST_SKIP() << "takes root: " << errno_text(EPERM);
  auto spec = with({{NamespaceType::ipc, ""}, {NamespaceType::network, ""}});
  spec.linux_.sysctl = {{"kernel.msgmax", "4321"}, {"net.ipv4.ip_unprivileged_port_start", "99"}};
  EXPECT_EQ(test::in_child([&] {
              const UniqueFd proc_sys = open_proc_sys();
              Namespaces::open(spec, false).make();
              set_sysctls(proc_sys.get(), spec);
              return read_file(proc_sys.get(), "kernel/msgmax") +
                     read_file(proc_sys.get(), "net/ipv4/ip_unprivileged_port_start");
            }),
            "4321\n99\n");
}

TEST(Sysctl, RefusesWhatWouldChangeTheHost) {
  const UniqueFd proc_sys = open_proc_sys();
  auto spec = with({{NamespaceType::ipc, ""}});
  for (const char* name :
       {"net.ipv4.no_such_parameter", "vm.no_such_parameter", "kernel.no_such_parameter",
        "fs/mqueue/../../kernel/no_such_parameter", "fs/mqueue/../../../self/comm"}) {
    spec.linux_.sysctl = {{name, "1"}};
    EXPECT_EQ(message_of([&] { set_sysctls(proc_sys.get(), spec); }),
              "linux.sysctl: '" + std::string(name) + "' would change the host's");
  }
}

TEST(PlanIdMaps, RootMakesNoneUnlessAskedFor) {
  auto spec = with({});
  EXPECT_FALSE(plan_id_maps(spec, false, true, 0, 0));
  EXPECT_EQ(plan_id_maps(spec, true, true, 0, 0)->uids, (std::vector<spec::IdMapping>{{0, 0, 1}}));
  spec.linux_.uid_mappings = {{0, 1000, 10}};
  spec.linux_.gid_mappings = {{0, 2000, 10}};
  EXPECT_EQ(plan_id_maps(spec, true, true, 0, 0)->gids, spec.linux_.gid_mappings);
}

TEST(PlanIdMaps, AUserIsItselfOrZeroInside) {
  auto spec = with({});
  EXPECT_EQ(plan_id_maps(spec, false, false, 1000, 100)->uids,
            (std::vector<spec::IdMapping>{{0, 1000, 1}}));
  spec.process->user = {1000, 100, {}, {}};
  EXPECT_EQ(plan_id_maps(spec, false, false, 1000, 100)->gids,
            (std::vector<spec::IdMapping>{{100, 100, 1}}));
  spec.process->user.uid = 33;
  EXPECT_EQ(message_of([&] { (void)plan_id_maps(spec, false, false, 1000, 100); }),
            "process.user.uid 33 is neither 0 nor yours (1000): the bundle needs "
            "linux.uidMappings, and the site ranges for you in /etc/subuid and /etc/subgid");
}

}  // namespace
}  // namespace berth::runtime::process
