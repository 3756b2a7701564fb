// Targets that are mounted: ordinary system calls, real tasks.
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "tests/support/resctrl/child.h"
#include "tests/support/resctrl/mount.h"
#include "tests/support/resctrl/target.h"

namespace berth::test::resctrl {

namespace {

class SystemTarget : public Target {
 public:
  void reset(const MountOptions& options) override {
    children_.clear();
    held_.clear();
    remount(options, root_);
  }

  int make(const std::string& path, const Who& who) override {
    return as(who, [&] {
      const Place at = place(path);
      return ::mkdirat(at.directory, at.name.c_str(), 0755) == 0 ? 0 : errno;
    });
  }
  int remove(const std::string& path, const Who& who) override {
    return as(who, [&] {
      const Place at = place(path);
      return ::unlinkat(at.directory, at.name.c_str(), AT_REMOVEDIR) == 0 ? 0 : errno;
    });
  }
  int rename(const std::string& from, const std::string& to) override {
    const Place source = place(from), target = place(to);
    return ::renameat(source.directory, source.name.c_str(), target.directory,
                      target.name.c_str()) == 0
               ? 0
               : errno;
  }
  int write(const std::string& path, std::string_view bytes, const Who& who) override {
    if (who.child) return children_.at(*who.child).write(path, bytes);
    return as(who, [&] {
      const Place at = place(path);
      const UniqueFd file = at.name.empty() ? duplicate(at.directory) : opened(at, O_WRONLY);
      if (!file) return errno;
      return ::write(file.get(), bytes.data(), bytes.size()) < 0 ? errno : 0;
    });
  }
  int create(const std::string& path) override {
    const Place at = place(path);
    const UniqueFd file(
        ::openat(at.directory, at.name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
    return file ? 0 : errno;
  }
  int unlink(const std::string& path) override {
    const Place at = place(path);
    return ::unlinkat(at.directory, at.name.c_str(), 0) == 0 ? 0 : errno;
  }
  int symlink(const std::string& path) override {
    const Place at = place(path);
    return ::symlinkat("target", at.directory, at.name.c_str()) == 0 ? 0 : errno;
  }
  int chmod(const std::string& path, mode_t mode) override {
    const Place at = place(path);
    return ::fchmodat(at.directory, at.name.c_str(), mode, 0) == 0 ? 0 : errno;
  }
  int hold(const std::string& name, const std::string& path) override {
    const Place at = place(path);
    UniqueFd file = opened(at, O_RDWR);
    if (!file && errno == EISDIR) file = opened(at, O_RDONLY | O_DIRECTORY);
    if (!file && errno == EACCES) file = opened(at, O_RDONLY);
    if (!file) return errno;
    held_[name] = std::move(file);
    return 0;
  }
  Text read(const std::string& path) override {
    const Place at = place(path);
    const UniqueFd file = at.name.empty() ? duplicate(at.directory) : opened(at, O_RDONLY);
    if (!file) return {errno, {}};
    Text text;
    char buffer[4096];
    off_t offset = 0;
    for (ssize_t size = 0; (size = ::pread(file.get(), buffer, sizeof(buffer), offset)) != 0;) {
      if (size < 0) return {errno, {}};
      text.text.append(buffer, static_cast<size_t>(size));
      offset += size;
    }
    return text;
  }
  Names list(const std::string& path) override {
    const Place at = place(path == "/" ? "." : path);
    const UniqueFd directory =
        at.name.empty() ? duplicate(at.directory) : opened(at, O_RDONLY | O_DIRECTORY);
    if (!directory) return {errno, {}};
    try {
      return {0, list_dir(directory.get())};
    } catch (const Error& error) {
      return {error.code(), {}};
    }
  }

  pid_t start(uid_t uid) override {
    Child child(uid, root_.get());
    const pid_t pid = child.pid();
    children_.emplace(pid, std::move(child));
    return pid;
  }
  pid_t fork(pid_t parent) override { return children_.at(parent).fork(); }
  pid_t add_thread(pid_t process) override { return children_.at(process).add_thread(); }
  void end(pid_t pid) override {
    if (children_.erase(pid) == 0) ::kill(pid, SIGKILL);
  }
  void wait() override { std::this_thread::sleep_for(std::chrono::milliseconds(100)); }

 protected:
  // Makes `root` that of a mount that is as a new one.
  virtual void remount(const MountOptions& options, UniqueFd& root) = 0;
  void close_all() {
    children_.clear();
    held_.clear();
    root_.reset();
  }

 private:
  struct Place {
    int directory;
    std::string name;  // empty: what is held itself
  };
  Place place(const std::string& path) const {
    if (path[0] != '@') return {root_.get(), path == "/" ? "." : path};
    const size_t slash = std::min(path.find('/'), path.size());
    const int directory = held_.at(path.substr(1, slash - 1)).get();
    return {directory, slash == path.size() ? "" : path.substr(slash + 1)};
  }
  static UniqueFd opened(const Place& at, int flags) {
    return UniqueFd(::openat(at.directory, at.name.c_str(), flags | O_CLOEXEC));
  }
  template <class What>
  static int as(const Who& who, const What& what) {
    if (who.uid == 0) return what();
    const pid_t pid = check(::fork(), "fork");
    if (pid == 0) ::_exit(::setresuid(who.uid, who.uid, who.uid) == 0 ? what() : 255);
    int status = 0;
    check(::waitpid(pid, &status, 0), "waitpid");
    return WEXITSTATUS(status);
  }

  UniqueFd root_;
  std::map<pid_t, Child> children_;
  std::map<std::string, UniqueFd> held_;
};

class KernelTarget : public SystemTarget {
 public:
  explicit KernelTarget(std::string path) : path_(std::move(path)) {}
  ~KernelTarget() override {
    close_all();
    try {
      unmount();
    } catch (const Error&) {
      return;  // it is mounted still
    }
    ::mount("resctrl", path_.c_str(), "resctrl", 0, nullptr);
  }

 protected:
  void remount(const MountOptions& options, UniqueFd& root) override {
    const std::string words = std::string(options.cdp ? "cdp," : "") +
                              (options.cdpl2 ? "cdpl2," : "") +
                              (options.mba_mbps ? "mba_MBps," : "");
    if (root && words == words_) {
      clear(root.get());
      return;
    }
    root.reset();
    unmount();
    check(::mount("resctrl", path_.c_str(), "resctrl", 0,
                  words.empty() ? nullptr : words.substr(0, words.size() - 1).c_str()),
          "mount", path_);
    root = open_dir(AT_FDCWD, path_);
    words_ = words;
    first_schemata_ = read_file(root.get(), "schemata");
  }

 private:
  // A mount changes code that runs at each switch of tasks, and an emulated processor may fail to
  // see that: it then hangs. So there is a mount for each set of options, not for each vector.
  void clear(int root) const {
    for (const char* folder : {".", "mon_groups"}) {
      const auto directory = open_dir_if_exists(root, folder);
      if (!directory) continue;
      for (const std::string& name : list_subdirectories(directory->get())) {
        ::unlinkat(directory->get(), name.c_str(), AT_REMOVEDIR);  // EPERM: none of ours
      }
    }
    write_file(root, "mode", "shareable\n");  // clears the status too
    if (!first_schemata_.empty()) write_file(root, "schemata", first_schemata_);
  }

  // What children have made dies with them, but not at the same moment; it has the root open.
  void unmount() const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (::umount(path_.c_str()) != 0) {
      if (errno != EBUSY || std::chrono::steady_clock::now() > deadline) {
        throw Error("umount", path_, errno);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  std::string path_, words_, first_schemata_;
};

class MountTarget : public SystemTarget {
 public:
  MountTarget(Processor processor, Profile profile)
      : processor_(std::move(processor)), profile_(profile) {}
  ~MountTarget() override { close_all(); }

 protected:
  void remount(const MountOptions& options, UniqueFd& root) override {
    root.reset();
    mount_.reset();
    mount_ = std::make_unique<Mount>(processor_, profile_, options);
    root = mount_->root();
  }

 private:
  Processor processor_;
  Profile profile_;
  std::unique_ptr<Mount> mount_;
};

}  // namespace

std::unique_ptr<Target> kernel_target(const std::string& path) {
  return std::make_unique<KernelTarget>(path);
}

std::unique_ptr<Target> mount_target(const Processor& processor, Profile profile) {
  return std::make_unique<MountTarget>(processor, profile);
}

}  // namespace berth::test::resctrl
