// Files by (directory descriptor, name): kernel control files above all. No path is walked twice.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace berth {

// A directory as an O_PATH-free, readable descriptor. `dir` may be AT_FDCWD.
UniqueFd open_dir(int dir, const std::string& name);
// As open_dir; nothing where the name does not exist.
std::optional<UniqueFd> open_dir_if_exists(int dir, const std::string& name);

// Any file, O_CLOEXEC added. Throws Error with errno.
UniqueFd open_file(int dir, const std::string& name, int flags, mode_t mode = 0);

// The whole file, at most `cap` bytes: a longer one is an error (EFBIG), never a short read.
std::string read_file(int dir, const std::string& name, size_t cap = size_t{1} << 20);
// As read_file; nothing where the file does not exist (ENOENT, ENODEV: a kernel object that went,
// ESRCH: the process whose file it is).
std::optional<std::string> read_file_if_exists(int dir, const std::string& name,
                                               size_t cap = size_t{1} << 20);
std::string read_fd(int fd, std::string_view name, size_t cap = size_t{1} << 20);

// Exactly one write(2): kernfs takes each write as one command. A short write is an error.
void write_file(int dir, const std::string& name, std::string_view value);
void write_once(int fd, std::string_view value, std::string_view name);
// As many writes as it takes.
void write_all(int fd, std::string_view content, std::string_view name);

// A file with this content beside `name`, in whose place `commit` puts it at once; the other goes
// with this where it did not. `mode` is the file's, whatever the umask.
// `through_a_crash`: of the whole machine. What a reboot clears anyway does not need its cost.
class NextFile {
 public:
  // `dir` is to outlive this. Throws Error.
  NextFile(int dir, std::string name, std::string_view content, mode_t mode,
           bool through_a_crash = true);
  ~NextFile();
  NextFile(const NextFile&) = delete;
  NextFile& operator=(const NextFile&) = delete;
  void commit();
  // The same by a process that was forked from this one, before or after the file was made: `maker`
  // is this one's pid. Throws Error.
  static void commit_for(pid_t maker, int dir, const std::string& name);
  // Such a process has done it.
  void was_committed() { committed_ = true; }

 private:
  int dir_;
  std::string name_, beside_;
  bool through_a_crash_, committed_ = false;
};

// Replaces the file atomically: a NextFile, committed.
void replace_file(int dir, const std::string& name, std::string_view content, mode_t mode,
                  bool through_a_crash = true);

// The names in a directory but `.` and `..`, sorted.
std::vector<std::string> list_dir(int dir);
// Names of the directories in a directory, sorted.
std::vector<std::string> list_subdirectories(int dir);

// mkdirat(2): true where it was made, false where it was there.
bool make_dir(int dir, const std::string& name, mode_t mode);

}  // namespace berth
