#include "runtime/rootfs/mount_options.h"

#include <sys/mount.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"

namespace berth::runtime::rootfs {
namespace {

struct AttributeWord {
  std::string_view word;
  Attributes change;
};

// The access time is one field of three values, not a bit: the field is cleared, then set.
constexpr Attributes atime(uint64_t value) {
  return {.set = value, .clear = MOUNT_ATTR__ATIME};
}
constexpr Attributes on(uint64_t bit) {
  return {.set = bit, .clear = 0};
}
constexpr Attributes off(uint64_t bit) {
  return {.set = 0, .clear = bit};
}

// Each may have an `r` before it (`rro`): then it holds for the mounts below, too.
constexpr auto kAttributeWords = std::to_array<AttributeWord>({
    {"ro", on(MOUNT_ATTR_RDONLY)},
    {"rw", off(MOUNT_ATTR_RDONLY)},
    {"nosuid", on(MOUNT_ATTR_NOSUID)},
    {"suid", off(MOUNT_ATTR_NOSUID)},
    {"nodev", on(MOUNT_ATTR_NODEV)},
    {"dev", off(MOUNT_ATTR_NODEV)},
    {"noexec", on(MOUNT_ATTR_NOEXEC)},
    {"exec", off(MOUNT_ATTR_NOEXEC)},
    {"nosymfollow", on(MOUNT_ATTR_NOSYMFOLLOW)},
    {"symfollow", off(MOUNT_ATTR_NOSYMFOLLOW)},
    {"nodiratime", on(MOUNT_ATTR_NODIRATIME)},
    {"diratime", off(MOUNT_ATTR_NODIRATIME)},
    {"noatime", atime(MOUNT_ATTR_NOATIME)},
    {"atime", atime(MOUNT_ATTR_RELATIME)},
    {"relatime", atime(MOUNT_ATTR_RELATIME)},
    {"norelatime", atime(MOUNT_ATTR_RELATIME)},  // the kernel's default is relatime
    {"strictatime", atime(MOUNT_ATTR_STRICTATIME)},
    {"nostrictatime", atime(MOUNT_ATTR_RELATIME)},
});

struct PropagationWord {
  std::string_view word;
  Propagation propagation;
};
constexpr auto kPropagationWords = std::to_array<PropagationWord>({
    {"private", {MS_PRIVATE, false}},
    {"rprivate", {MS_PRIVATE, true}},
    {"slave", {MS_SLAVE, false}},
    {"rslave", {MS_SLAVE, true}},
    {"shared", {MS_SHARED, false}},
    {"rshared", {MS_SHARED, true}},
    {"unbindable", {MS_UNBINDABLE, false}},
    {"runbindable", {MS_UNBINDABLE, true}},
});

// Of no meaning to a mount that is made now, or the kernel's default. Versions of inodes are a
// matter of each file system (`i_version` of ext4).
constexpr auto kNothing =
    std::to_array<std::string_view>({"defaults", "silent", "loud", "iversion", "noiversion", "auto",
                                     "noauto", "user", "nouser", "nofail", "_netdev"});
// The defaults that the switches below are the opposite of: they take one back that came before.
struct Opposite {
  std::string_view word, of;
};
constexpr auto kOpposites = std::to_array<Opposite>({{"async", "sync"},
                                                     {"rasync", "sync"},
                                                     {"nomand", "mand"},
                                                     {"rnomand", "mand"},
                                                     {"nolazytime", "lazytime"}});
// Switches that the file system itself takes, whichever it is; crun knows them with an `r`, too.
constexpr auto kOfFileSystem = std::to_array<std::string_view>(
    {"dirsync", "lazytime", "mand", "rdirsync", "rmand", "rsync", "sync"});
constexpr auto kOthers =
    std::to_array<std::string_view>({"bind", "idmap", "rbind", "remount", "ridmap", "tmpcopyup"});

bool contains(const auto& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

const Attributes* find_attribute(std::string_view word) {
  const auto found = std::ranges::find(kAttributeWords, word, &AttributeWord::word);
  return found == kAttributeWords.end() ? nullptr : &found->change;
}

bool apply_opposite(MountOptions& result, std::string_view word) {
  const auto found = std::ranges::find(kOpposites, word, &Opposite::word);
  if (found == kOpposites.end()) return false;
  std::erase_if(result.data, [&](const auto& option) { return option.first == found->of; });
  return true;
}

bool apply_switch(MountOptions& result, std::string_view word) {
  if (word == "bind" || word == "rbind") {
    result.bind = true;
    result.recursive_bind = result.recursive_bind || word == "rbind";
  } else if (word == "remount") {
    result.remount = true;
  } else if (word == "tmpcopyup") {
    result.copy_up = true;
  } else if (word == "copy-symlink") {
    result.copy_link = true;
  } else if (word == "src-nofollow") {
    result.source_link = true;
  } else if (word == "dest-nofollow") {
    result.over_destination_link = true;
  } else {
    return contains(kNothing, word) || word.starts_with("x-") || word.starts_with("X-");
  }
  return true;
}

bool apply_id_map(MountOptions& result, const std::string& option) {
  const size_t equals = option.find('=');
  const std::string_view word = std::string_view(option).substr(0, equals);
  if (word != "idmap" && word != "ridmap") return false;
  try {
    const bool has_ranges = equals != std::string::npos && equals + 1 < option.size();
    result.id_map = has_ranges ? parse_id_ranges(option.substr(equals + 1)) : IdMapOption();
    result.id_map->recursive = word == "ridmap";
  } catch (const Error& e) {
    throw e.within("option '" + option + "'");
  }
  return true;
}

bool apply_attribute(MountOptions& result, std::string_view word) {
  if (const Attributes* change = find_attribute(word)) {
    merge(result.attributes, *change);
    return true;
  }
  if (!word.starts_with('r')) return false;
  const Attributes* change = find_attribute(word.substr(1));
  if (change == nullptr) return false;
  merge(result.recursive_attributes, *change);
  return true;
}

bool apply_propagation(MountOptions& result, std::string_view word) {
  const auto found = std::ranges::find(kPropagationWords, word, &PropagationWord::word);
  if (found == kPropagationWords.end()) return false;
  result.propagation.push_back(found->propagation);
  return true;
}

}  // namespace

void merge(Attributes& into, const Attributes& change) {
  into.set = (into.set & ~change.clear) | change.set;
  into.clear = (into.clear & ~change.set) | change.clear;
}

MountOptions parse_options(const std::vector<std::string>& options) {
  MountOptions result;
  for (const std::string& option : options) {
    if (option.empty() || apply_switch(result, option) || apply_opposite(result, option) ||
        apply_attribute(result, option) || apply_propagation(result, option) ||
        apply_id_map(result, option)) {
      continue;
    }
    const size_t equals = option.find('=');
    std::string key = option.substr(0, equals);
    if (contains(kOfFileSystem, key) && key.starts_with('r')) key.erase(0, 1);
    result.data.emplace_back(
        key, equals == std::string::npos ? std::string() : option.substr(equals + 1));
  }
  return result;
}

std::vector<std::string> known_mount_options() {
  std::vector<std::string> words;
  for (const AttributeWord& attribute : kAttributeWords) {
    words.emplace_back(attribute.word);
    words.push_back("r" + std::string(attribute.word));
  }
  for (const PropagationWord& propagation : kPropagationWords) {
    words.emplace_back(propagation.word);
  }
  words.insert(words.end(), kNothing.begin(), kNothing.end());
  for (const Opposite& opposite : kOpposites) words.emplace_back(opposite.word);
  words.insert(words.end(), kOfFileSystem.begin(), kOfFileSystem.end());
  words.insert(words.end(), kOthers.begin(), kOthers.end());
  std::ranges::sort(words);
  return words;
}

}  // namespace berth::runtime::rootfs
