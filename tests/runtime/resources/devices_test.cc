// Device rules on the host's own kernel: a child in the group tries.
#include "runtime/resources/devices.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <string>

#include "runtime/cgroup/node.h"
#include "runtime/spec/parse.h"
#include "tests/runtime/cgroup/scratch.h"

namespace berth::runtime::resources {
namespace {

class Devices : public cgroup::Scratch {
 protected:
  void SetUp() override {
    Scratch::SetUp();
    hierarchy_.controllers = cgroup::ControllerSet::container;
  }
  void restrict(const std::string& json) const {
    cgroup::Node::create(hierarchy_, path("c1"), {});
    restrict_devices(
        hierarchy_, path("c1"),
        spec::parse_resources_document(R"({"devices": )" + json + "}", "resources").devices);
  }
  // What open(2) of a device says to a child in the group: 0 or an errno.
  int open_in(const std::string& device, int flags) const {
    const auto node = cgroup::Node::create(hierarchy_, path("c1"), {});
    return run_in(node,
                  [&] {
                    const int fd = ::open(device.c_str(), flags | O_CLOEXEC);
                    return fd >= 0 ? 0 : errno;
                  }) >>
           8;
  }
  int mknod_in(mode_t type, unsigned major, unsigned minor) const {
    const auto node = cgroup::Node::create(hierarchy_, path("c1"), {});
    return run_in(node,
                  [&] {
                    const std::string name = "/tmp/berth-device-" + std::to_string(::getpid());
                    const int code =
                        ::mknod(name.c_str(), type | 0600, makedev(major, minor)) < 0 ? errno : 0;
                    ::unlink(name.c_str());
                    return code;
                  }) >>
           8;
  }
};

TEST_F(Devices, DefaultsWorkAndOthersDoNot) {
  restrict("[]");
  EXPECT_EQ(open_in("/dev/null", O_RDWR), 0);
  EXPECT_EQ(open_in("/dev/zero", O_RDONLY), 0);
  EXPECT_EQ(open_in("/dev/urandom", O_RDONLY), 0);
  EXPECT_EQ(open_in("/dev/kmsg", O_RDONLY), EPERM);
  EXPECT_EQ(mknod_in(S_IFBLK, 8, 0), 0) << "making a node gives no access";
}

TEST_F(Devices, RulesAllowByKindOfAccess) {
  restrict(R"([{"allow": false}, {"allow": true, "type": "c", "major": 1, "minor": 11,
                                  "access": "r"}])");
  EXPECT_EQ(open_in("/dev/kmsg", O_RDONLY), 0);
  EXPECT_EQ(open_in("/dev/kmsg", O_WRONLY), EPERM);
  EXPECT_EQ(open_in("/dev/kmsg", O_RDWR), EPERM);
}

TEST_F(Devices, TheLastRuleWins) {
  restrict(R"([{"allow": true, "type": "c", "major": 1, "minor": 11},
               {"allow": false, "type": "c", "major": 1, "access": "w"}])");
  EXPECT_EQ(open_in("/dev/kmsg", O_RDONLY), 0);
  EXPECT_EQ(open_in("/dev/kmsg", O_WRONLY), EPERM);
}

TEST_F(Devices, EverythingMayBeAllowedButOne) {
  restrict(R"([{"allow": true}, {"allow": false, "type": "c", "major": 1, "minor": 11}])");
  EXPECT_EQ(open_in("/dev/kmsg", O_RDONLY), EPERM);
  EXPECT_EQ(mknod_in(S_IFCHR, 1, 12), 0);
}

TEST_F(Devices, NewRulesReplaceTheOldOnes) {
  restrict("[]");
  EXPECT_EQ(open_in("/dev/kmsg", O_RDONLY), EPERM);
  restrict(R"([{"allow": true, "type": "c", "major": 1, "minor": 11, "access": "r"}])");
  EXPECT_EQ(open_in("/dev/kmsg", O_RDONLY), 0);
  restrict(R"([{"allow": true}])");
  EXPECT_EQ(open_in("/dev/kmsg", O_WRONLY), 0);
  restrict("[]");
  EXPECT_EQ(open_in("/dev/kmsg", O_RDONLY), EPERM);
}

}  // namespace
}  // namespace berth::runtime::resources
