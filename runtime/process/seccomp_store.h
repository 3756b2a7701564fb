// Compiled filters, kept for the next start: to compile a profile of some four hundred system calls
// takes longer than all else in a start together. A folder of this process' own user, with a file
// for each filter: what it was compiled from, whole, and the program. A file that is not as this
// program writes it, or is of another question, is none; nothing here is ever an error.
#pragma once

#include <linux/filter.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"

namespace berth::runtime::process {

struct StoredFilter {
  std::vector<sock_filter> program;
  uint32_t flags = 0;
  bool notifies = false;
};

class SeccompStore {
 public:
  // Filters that it keeps at most; the next one empties it first.
  static constexpr size_t kMost = 32;

  // The folder, made (0700) where its parent is there. Nothing where it cannot be had, or where
  // somebody else could write to it: what is in there is loaded unseen.
  static std::optional<SeccompStore> open(const std::string& folder);
  // `/run/berth/seccomp` for the host's root, else below $XDG_RUNTIME_DIR; empty where neither is.
  static std::string default_folder(bool real_root);

  // `key`: all that decides what the program is.
  std::optional<StoredFilter> find(const std::string& key) const;
  void keep(const std::string& key, const StoredFilter& filter) const;

 private:
  explicit SeccompStore(UniqueFd folder) : folder_(std::move(folder)) {}
  UniqueFd folder_;
};

}  // namespace berth::runtime::process
