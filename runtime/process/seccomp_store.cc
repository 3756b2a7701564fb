#include "runtime/process/seccomp_store.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"
#include "base/trusted.h"

namespace berth::runtime::process {
namespace {

constexpr std::string_view kFirst = "berth seccomp 1\n";
constexpr size_t kMostBytes = size_t{4} << 20;

// Behind kFirst; the key and the program come next.
struct Head {
  uint32_t flags = 0, notifies = 0;
  uint64_t key_size = 0, program_size = 0;
};

// FNV-1a. It only finds the file: whether it is the one that is meant the key in it says.
std::string name_of(const std::string& key) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  constexpr char kDigits[] = "0123456789abcdef";
  std::string name;
  for (int shift = 60; shift >= 0; shift -= 4) name += kDigits[hash >> shift & 0xf];
  return name;
}

std::optional<StoredFilter> parse(std::string_view text, const std::string& key) {
  Head head;
  if (!text.starts_with(kFirst) || text.size() < kFirst.size() + sizeof head) return std::nullopt;
  text.remove_prefix(kFirst.size());
  std::memcpy(&head, text.data(), sizeof head);
  text.remove_prefix(sizeof head);
  if (head.key_size != key.size() || !text.starts_with(key)) return std::nullopt;
  text.remove_prefix(key.size());
  const bool whole = head.program_size == text.size() && !text.empty() &&
                     text.size() % sizeof(sock_filter) == 0 &&
                     text.size() / sizeof(sock_filter) <= BPF_MAXINSNS;
  if (!whole) return std::nullopt;
  StoredFilter filter{.program = std::vector<sock_filter>(text.size() / sizeof(sock_filter)),
                      .flags = head.flags,
                      .notifies = head.notifies != 0};
  std::memcpy(filter.program.data(), text.data(), text.size());
  return filter;
}

std::string text_of(const std::string& key, const StoredFilter& filter) {
  const size_t bytes = filter.program.size() * sizeof(sock_filter);
  const Head head{.flags = filter.flags,
                  .notifies = filter.notifies ? 1U : 0U,
                  .key_size = key.size(),
                  .program_size = bytes};
  std::string text(kFirst);
  text.append(reinterpret_cast<const char*>(&head), sizeof head);
  text.append(key);
  text.append(reinterpret_cast<const char*>(filter.program.data()), bytes);
  return text;
}

void make_room(int folder) {
  const std::vector<std::string> names = list_dir(folder);
  if (names.size() < SeccompStore::kMost) return;
  for (const std::string& name : names) (void)::unlinkat(folder, name.c_str(), 0);
}

void tell(const Error& e) {
  if (tracing()) trace("compiled seccomp filters: " + e.message());
}

}  // namespace

std::string SeccompStore::default_folder(bool real_root) {
  if (real_root) return "/run/berth/seccomp";
  const char* const runtime_dir = std::getenv("XDG_RUNTIME_DIR");
  if (runtime_dir == nullptr || *runtime_dir != '/') return {};
  return std::string(runtime_dir) + "/berth-seccomp";
}

std::optional<SeccompStore> SeccompStore::open(const std::string& folder) {
  if (folder.empty()) return std::nullopt;
  try {
    constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    UniqueFd dir(::open(folder.c_str(), kFlags));
    if (!dir && errno == ENOENT) {
      // A caller whose states are elsewhere (containerd) never makes the one above.
      if (folder.starts_with("/run/berth/")) (void)make_dir(AT_FDCWD, "/run/berth", 0755);
      (void)make_dir(AT_FDCWD, folder, 0700);
      dir.reset(::open(folder.c_str(), kFlags));
    }
    check(dir.get(), "open", folder);
    if (const std::string why = why_untrusted(dir.get(), ::geteuid()); !why.empty()) {
      throw Error("'" + folder + "': " + why);
    }
    return SeccompStore(std::move(dir));
  } catch (const Error& e) {
    tell(e);
    return std::nullopt;
  }
}

std::optional<StoredFilter> SeccompStore::find(const std::string& key) const {
  try {
    const UniqueFd file(
        ::openat(folder_.get(), name_of(key).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file || !why_untrusted(file.get(), ::geteuid()).empty()) return std::nullopt;
    return parse(read_fd(file.get(), "filter", kMostBytes), key);
  } catch (const Error& e) {
    tell(e);
    return std::nullopt;
  }
}

void SeccompStore::keep(const std::string& key, const StoredFilter& filter) const {
  try {
    make_room(folder_.get());
    replace_file(folder_.get(), name_of(key), text_of(key, filter), 0600);
  } catch (const Error& e) {
    tell(e);
  }
}

}  // namespace berth::runtime::process
