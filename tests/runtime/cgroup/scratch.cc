#include "scratch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/error.h"
#include "base/file.h"

namespace berth::runtime::cgroup {
namespace {

std::string mount_of(const Hierarchy& hierarchy, const std::string& controller) {
  const V1Mount* const v1 = hierarchy.v1_of(controller);
  return v1 != nullptr ? v1->path : hierarchy.v2;
}

[[noreturn]] void child(const Node& node, int ready, const std::function<int()>& action) {
  int code = 99;
  try {
    join_self(node.join());
    if (ready >= 0) write_once(ready, "x", "pipe");
    code = action();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "child: %s\n", e.what());
  }
  ::_exit(code);
}

}  // namespace

void Scratch::SetUp() {
  if (::geteuid() != 0) GTEST_SKIP() << "cgroups need root: " << errno_text(EPERM);
  hierarchy_ = detect();
  top_ = "berth_test_" + std::to_string(::getpid());
  try {
    Node::create(hierarchy_, top_, {});
  } catch (const Error& e) {
    if (e.code() != EROFS && e.code() != EACCES) throw;
    GTEST_SKIP() << e.what();
  }
  // Children of children come back to us, to be waited for.
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
}

void Scratch::TearDown() {
  if (top_.empty() || IsSkipped()) return;
  kill_all(hierarchy_, top_);
  while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) continue;
  EXPECT_TRUE(remove(hierarchy_, top_));
  EXPECT_TRUE(directories(top_).empty());
}

std::string Scratch::file_of(const std::string& controller, const std::string& path,
                             const std::string& file) const {
  return mount_of(hierarchy_, controller) + "/" + path + "/" + file;
}

std::string Scratch::read(const std::string& controller, const std::string& path,
                          const std::string& file) const {
  std::string text = read_file(AT_FDCWD, file_of(controller, path, file));
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

std::vector<std::string> Scratch::directories(const std::string& path) const {
  std::vector<std::string> mounts = {hierarchy_.v2};
  for (const V1Mount& mount : hierarchy_.v1) mounts.push_back(mount.path);
  std::vector<std::string> found;
  for (const std::string& mount : mounts) {
    struct stat st {};
    std::string directory = mount;
    directory.append("/").append(path);
    if (!mount.empty() && ::stat(directory.c_str(), &st) == 0) found.push_back(directory);
  }
  return found;
}

int Scratch::run_in(const Node& node, const std::function<int()>& action) const {
  const pid_t pid = check(::fork(), "fork");
  if (pid == 0) child(node, -1, action);
  int status = 0;
  check(::waitpid(pid, &status, 0), "waitpid");
  return status;
}

pid_t Scratch::stay_in(const Node& node, const std::function<void()>& action) const {
  int fds[2];
  check(::pipe2(fds, O_CLOEXEC), "pipe2");
  const UniqueFd out(fds[0]);
  UniqueFd in(fds[1]);
  const pid_t pid = check(::fork(), "fork");
  if (pid == 0) {
    child(node, in.get(), [&] {
      if (action) action();
      for (;;) ::pause();
      return 0;
    });
  }
  in.reset();
  char byte = 0;
  if (::read(out.get(), &byte, 1) != 1) throw Error("the child did not join");
  return pid;
}

Hierarchy Scratch::without_pids() const {
  Hierarchy without = hierarchy_;
  std::erase_if(without.v1, [](const V1Mount& mount) { return mount.controllers[0] == "pids"; });
  std::erase(without.v2_controllers, "pids");
  return without;
}

Limits memory_of(int64_t bytes) {
  Limits limits;
  limits.memory_bytes = bytes;
  return limits;
}

Limits pids_of(int64_t count) {
  Limits limits;
  limits.pids = count;
  return limits;
}

namespace {

void* touched(size_t bytes) {
  void* const start =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  for (size_t at = 0; at < bytes; at += 4096) static_cast<volatile char*>(start)[at] = 1;
  return start;
}

}  // namespace

void keep_memory(size_t bytes) {
  if (touched(bytes) == nullptr) throw Error("mmap", {}, ENOMEM);
}

bool touch_memory(size_t bytes) {
  void* const start = touched(bytes);
  if (start == nullptr) return false;
  ::munmap(start, bytes);
  return true;
}

}  // namespace berth::runtime::cgroup
