#include "runtime/rootfs/tree.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <optional>

#include "base/error.h"

namespace berth::runtime::rootfs {
namespace {

unsigned clone_flags(bool recursive) {
  return OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? unsigned{AT_RECURSIVE} : 0U);
}

// The kernel's own words about a file system context: lines like `e tmpfs: Bad value for 'size'`.
std::string kernel_log(int context) {
  std::string text;
  char line[512];
  for (;;) {
    const ssize_t size = ::read(context, line, sizeof line);
    if (size <= 2) return text;
    std::string_view said(line + 2, static_cast<size_t>(size) - 2);
    while (said.ends_with('\n')) said.remove_suffix(1);
    text.append(text.empty() ? "" : "; ").append(said);
  }
}

void configure(int context, unsigned command, const char* key, const char* value,
               const std::string& type) {
  if (::fsconfig(context, command, key, value, 0) == 0) return;
  const int code = errno;
  const std::string said = kernel_log(context);
  const Error error(key == nullptr ? std::string("mount file system")
                                   : "option '" + std::string(key) + "' of file system",
                    type, code);
  throw said.empty() ? error : error.with_note(said);
}

void set_options(int context, const std::vector<std::pair<std::string, std::string>>& data,
                 const std::string& name) {
  for (const auto& [key, value] : data) {
    const bool flag = value.empty();
    configure(context, flag ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING, key.c_str(),
              flag ? nullptr : value.c_str(), name);
  }
}

// The mount's flags as mount(2) has them; nothing where it has no word for them. Its MS_RDONLY is
// one of the file system too, and not meant here.
std::optional<unsigned long> old_flags(uint64_t attributes) {
  constexpr std::pair<uint64_t, unsigned long> kFlags[] = {
      {MOUNT_ATTR_NOSUID, MS_NOSUID},   {MOUNT_ATTR_NODEV, MS_NODEV},
      {MOUNT_ATTR_NOEXEC, MS_NOEXEC},   {MOUNT_ATTR_NODIRATIME, MS_NODIRATIME},
      {MOUNT_ATTR_NOATIME, MS_NOATIME}, {MOUNT_ATTR_STRICTATIME, MS_STRICTATIME}};
  unsigned long flags = 0;
  for (const auto& [attribute, flag] : kFlags) {
    if ((attributes & attribute) != attribute) continue;
    flags |= flag;
    attributes &= ~attribute;
  }
  return attributes == 0 ? std::optional(flags) : std::nullopt;
}

// `a=1,b`; nothing where a comma is in a value.
std::optional<std::string> joined(const std::vector<std::pair<std::string, std::string>>& data) {
  std::string text;
  for (const auto& [key, value] : data) {
    if (key.find(',') != std::string::npos || value.find(',') != std::string::npos) {
      return std::nullopt;
    }
    text += (text.empty() ? "" : ",") + key + (value.empty() ? "" : "=" + value);
  }
  return text;
}

}  // namespace

UniqueFd clone_tree(int dir, const std::string& path, bool recursive, bool nofollow) {
  const unsigned flags = clone_flags(recursive) | (nofollow ? unsigned{AT_SYMLINK_NOFOLLOW} : 0U);
  return UniqueFd(check(::open_tree(dir, path.c_str(), flags), "open_tree", path));
}

UniqueFd clone_tree_of(int fd, const std::string& name, bool recursive) {
  return UniqueFd(
      check(::open_tree(fd, "", clone_flags(recursive) | AT_EMPTY_PATH), "open_tree", name));
}

UniqueFd new_filesystem(const std::string& type, const std::string& source,
                        const std::vector<std::pair<std::string, std::string>>& data,
                        uint64_t attributes) {
  const int fd = ::fsopen(type.c_str(), FSOPEN_CLOEXEC);
  if (fd < 0 && errno == ENODEV)
    throw Error("this kernel has no file system of type", type, ENODEV);
  const UniqueFd context(check(fd, "fsopen", type));
  if (!source.empty()) configure(fd, FSCONFIG_SET_STRING, "source", source.c_str(), type);
  set_options(fd, data, type);
  configure(fd, FSCONFIG_CMD_CREATE, nullptr, nullptr, type);
  return UniqueFd(
      check(::fsmount(fd, FSMOUNT_CLOEXEC, static_cast<unsigned>(attributes)), "fsmount", type));
}

bool mount_new(int target, const std::string& type, const std::string& source,
               const std::vector<std::pair<std::string, std::string>>& data, uint64_t attributes) {
  const auto flags = old_flags(attributes);
  const auto options = joined(data);
  constexpr size_t kMost = 4095;  // of more the kernel takes a page, in silence
  if (!flags || !options || options->size() > kMost) return false;
  const std::string place = "/proc/self/fd/" + std::to_string(target);
  const char* const device = source.empty() ? nullptr : source.c_str();  // shown as `none`
  return ::mount(device, place.c_str(), type.c_str(), *flags, options->c_str()) == 0;
}

void reconfigure(int mount, const std::vector<std::pair<std::string, std::string>>& data,
                 const std::string& name) {
  const UniqueFd context(
      check(::fspick(mount, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH), "fspick", name));
  set_options(context.get(), data, name);
  configure(context.get(), FSCONFIG_CMD_RECONFIGURE, nullptr, nullptr, name);
}

void attach(int tree, int target, const std::string& name) {
  check(::move_mount(tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
        "move_mount", name);
}

void attach_in(int tree, int dir, const std::string& name) {
  check(::move_mount(tree, "", dir, name.c_str(), MOVE_MOUNT_F_EMPTY_PATH), "move_mount", name);
}

void set_attributes(int tree, const Attributes& change, bool recursive, const std::string& name) {
  if (change.empty()) return;
  struct mount_attr attr {};
  attr.attr_set = change.set;
  attr.attr_clr = change.clear;
  const unsigned flags = AT_EMPTY_PATH | (recursive ? unsigned{AT_RECURSIVE} : 0U);
  check(::mount_setattr(tree, "", flags, &attr, sizeof attr), "mount_setattr", name);
}

void map_ids(int tree, int user_namespace, bool recursive, const std::string& name) {
  struct mount_attr attr {};
  attr.attr_set = MOUNT_ATTR_IDMAP;
  attr.userns_fd = static_cast<uint64_t>(user_namespace);
  const unsigned flags = AT_EMPTY_PATH | (recursive ? unsigned{AT_RECURSIVE} : 0U);
  if (::mount_setattr(tree, "", flags, &attr, sizeof attr) == 0) return;
  const int code = errno;
  const auto note = code == EINVAL  ? "this kernel has no id-mapped mounts of its file system"
                    : code == EPERM ? "takes root, and a mount that has no mapping of ids yet"
                                    : "";
  throw Error("map the ids of", name, code).with_note(note);
}

void set_propagation(int tree, const Propagation& propagation, const std::string& name) {
  struct mount_attr attr {};
  attr.propagation = propagation.type;
  const unsigned flags = AT_EMPTY_PATH | (propagation.recursive ? unsigned{AT_RECURSIVE} : 0U);
  check(::mount_setattr(tree, "", flags, &attr, sizeof attr), "mount_setattr", name);
}

}  // namespace berth::runtime::rootfs
