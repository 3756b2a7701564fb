// One way down from the root file system, name by name, its symbolic links taken as they would be
// inside. Each directory is opened once and held, so that `..` is the one we came from, whatever
// was renamed since. It makes nothing: who goes down says what happens at each name.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace berth::runtime::rootfs {

// What the last component of a path may be.
enum class Last {
  follow,  // a symbolic link is followed, inside
  real,    // a symbolic link is an error: what we put there would end up somewhere else
  itself,  // a symbolic link is what is meant
};

// What a symbolic link says that a descriptor refers to (O_PATH | O_NOFOLLOW). `name` is for
// messages.
std::string read_link(int link, std::string_view name);

class Descent {
 public:
  Descent(int root, const std::string& path, Last last);

  // The next name below here; nothing at the end of the path.
  std::optional<std::string> next();
  bool is_last() const { return todo_.empty(); }

  int here() const { return here_.get(); }
  UniqueFd take_here() { return std::move(here_); }
  // The path of here, without links.
  std::string path_of_here() const;

  // An O_PATH descriptor of a name below here, of a link itself; -1 and errno.
  int open_one(const std::string& name) const;
  // Whether it was a link: what it says is the way now.
  bool follow_if_link(const UniqueFd& found);
  // Makes a directory here.
  void down(UniqueFd dir, const std::string& name);

 private:
  void push_front(std::string_view path);
  void up();

  int root_;
  const std::string path_;
  Last last_;
  int links_ = 0;
  UniqueFd here_;
  std::vector<UniqueFd> above_;
  std::vector<std::string> names_;  // from the root to here
  std::deque<std::string> todo_;
};

}  // namespace berth::runtime::rootfs
