#include "runtime/rootfs/devices.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/file.h"
#include "runtime/rootfs/normal_path.h"
#include "runtime/rootfs/tree.h"

namespace berth::runtime::rootfs {
namespace {

struct DefaultNode {
  const char* path;
  int64_t major, minor;
};
constexpr auto kDefaults = std::to_array<DefaultNode>({{"/dev/null", 1, 3},
                                                       {"/dev/zero", 1, 5},
                                                       {"/dev/full", 1, 7},
                                                       {"/dev/random", 1, 8},
                                                       {"/dev/urandom", 1, 9},
                                                       {"/dev/tty", 5, 0}});

struct DefaultLink {
  const char* name;
  const char* target;
};
constexpr auto kLinks = std::to_array<DefaultLink>({{"fd", "/proc/self/fd"},
                                                    {"stdin", "/proc/self/fd/0"},
                                                    {"stdout", "/proc/self/fd/1"},
                                                    {"stderr", "/proc/self/fd/2"},
                                                    {"ptmx", "pts/ptmx"}});

bool is_device(int fd, const spec::Device& device) {
  struct stat st {};
  check(::fstat(fd, &st), "fstat", device.path);
  if ((st.st_mode & S_IFMT) != type_bits(device)) return false;
  return device.type == 'p' || st.st_rdev == number_of(device);
}

// The directory of a device and its name in it. Below /dev, paths are taken from the one
// descriptor of /dev.
struct Place {
  UniqueFd below;  // where it is not `dev` itself
  int dir = -1;
  std::string name;
};
Place place_of(const RootDir& root, const RootDir& dev, const std::string& path) {
  const size_t slash = path.rfind('/');
  Place place{.below = {}, .dir = dev.fd(), .name = path.substr(slash + 1)};
  if (place.name.empty() || place.name == "." || place.name == "..") {
    throw Error("make device", path, EINVAL);
  }
  const std::string parent = path.substr(0, slash);
  constexpr std::string_view kDev = "/dev";
  if (parent == kDev) return place;
  place.below = parent.starts_with("/dev/") ? dev.make_dirs(parent.substr(kDev.size()))
                                            : root.make_dirs(parent);
  place.dir = place.below.get();
  return place;
}

// The host's own node, detached, if it is the device that was asked for.
UniqueFd host_node(const spec::Device& device) {
  UniqueFd tree = clone_tree(AT_FDCWD, device.path, false);
  if (!is_device(tree.get(), device)) {
    throw Error("the host's '" + device.path + "' is another device");
  }
  return tree;
}

// Neither is a program to be run.
void show_node(DeviceNodes& nodes, int place, const spec::Device& device) {
  UniqueFd tree = nodes.take(device.path);
  if (!tree) tree = host_node(device);
  set_attributes(tree.get(), {.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, .clear = 0}, false,
                 device.path);
  attach(tree.get(), place, device.path);
}

// Not where the owner does not exist in the user namespace (EINVAL): it stays ours.
void give_to_owner(const Place& place, const spec::Device& device) {
  if (!device.uid && !device.gid) return;
  constexpr uint32_t kLeave = 0xffffffff;
  if (::fchownat(place.dir, place.name.c_str(), device.uid.value_or(kLeave),
                 device.gid.value_or(kLeave), AT_SYMLINK_NOFOLLOW) < 0 &&
      errno != EINVAL) {
    throw Error("chown", device.path, errno);
  }
}

// What is there already: false where nothing is.
bool take_existing(const Place& place, const spec::Device& device, DeviceNodes& nodes) {
  const UniqueFd found(::openat(place.dir, place.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  if (!found && errno == ENOENT) return false;
  if (!found) throw Error("open", device.path, errno);
  if (is_device(found.get(), device)) return true;
  struct stat st {};
  check(::fstat(found.get(), &st), "fstat", device.path);
  // A file left there by an earlier start, or by the image: covered, not trusted.
  if (!S_ISREG(st.st_mode) || device.type == 'p') {
    throw Error("the root file system has something else in the place of the device");
  }
  show_node(nodes, found.get(), device);
  return true;
}

void make_node(const Place& place, const spec::Device& device, DeviceNodes& nodes) {
  const mode_t mode = device.file_mode.value_or(0666);
  if (::mknodat(place.dir, place.name.c_str(), type_bits(device) | mode, number_of(device)) == 0) {
    return give_to_owner(place, device);
  }
  const int code = errno;  // of a user, and of a read-only file system, also where one is there
  if (take_existing(place, device, nodes)) return;
  if (code != EPERM || device.type == 'p') throw Error("mknod", device.path, code);
  const UniqueFd made =
      open_file(place.dir, place.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0666);
  show_node(nodes, made.get(), device);
}

// A terminal's own master would be the host's: the link to the container's stands in for it.
std::vector<spec::Device> own_devices(const spec::Spec& spec) {
  std::vector<spec::Device> devices;
  for (spec::Device device : spec.linux_.devices) {
    device.path = normal_path(device.path);
    if (device.path != "/dev/ptmx") devices.push_back(std::move(device));
  }
  return devices;
}

void make_link(int dev, const DefaultLink& link) {
  if (::symlinkat(link.target, dev, link.name) < 0 && errno != EEXIST) {
    throw Error("symlink", std::string("/dev/") + link.name, errno);
  }
}

// Where the kernel has it at all; nothing depends on it.
void make_core_link(int dev) {
  if (::access("/proc/kcore", F_OK) == 0) (void)!::symlinkat("/proc/kcore", dev, "core");
}

}  // namespace

std::vector<spec::Device> devices_of(const spec::Spec& spec) {
  std::vector<spec::Device> devices;
  const std::vector<spec::Device> own = own_devices(spec);
  for (const DefaultNode& node : kDefaults) {
    if (std::ranges::find(own, node.path, &spec::Device::path) != own.end()) continue;
    spec::Device device;
    device.path = node.path;
    device.major = node.major;
    device.minor = node.minor;
    devices.push_back(device);
  }
  devices.insert(devices.end(), own.begin(), own.end());
  return devices;
}

std::vector<std::string> device_paths(const spec::Spec& spec) {
  std::vector<std::string> paths;
  for (const spec::Device& device : devices_of(spec)) paths.push_back(device.path);
  for (const DefaultLink& link : kLinks) paths.push_back(std::string("/dev/") + link.name);
  return paths;
}

void make_devices(const RootDir& root, const std::vector<spec::Device>& devices,
                  DeviceNodes& nodes) {
  const RootDir dev(root.make_dirs("/dev", Last::real));
  for (const spec::Device& device : devices) {
    try {
      make_node(place_of(root, dev, device.path), device, nodes);
    } catch (const Error& e) {
      throw e.within("device '" + device.path + "'");
    }
  }
  for (const DefaultLink& link : kLinks) make_link(dev.fd(), link);
  make_core_link(dev.fd());
}

void bind_console(const RootDir& root, int terminal) {
  struct stat st {};
  check(::fstat(terminal, &st), "fstat", "terminal");
  constexpr unsigned kPtsMajor = 136;
  if (!S_ISCHR(st.st_mode) || ::major(st.st_rdev) != kPtsMajor) {
    throw Error("the console is not the slave end of a terminal");
  }
  const RootDir dev(root.make_dirs("/dev", Last::real));
  attach(clone_tree_of(terminal, "terminal", false).get(),
         dev.make_file("console", Last::real).get(), "/dev/console");
}

}  // namespace berth::runtime::rootfs
