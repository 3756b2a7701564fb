#include <fcntl.h>

#include <cerrno>
#include <map>

#include "tests/support/resctrl/target.h"

namespace berth::test::resctrl {

namespace {

constexpr pid_t kSelf = 1000;

class ModelTarget : public Target {
 public:
  ModelTarget(Processor processor, Profile profile)
      : processor_(std::move(processor)), profile_(profile) {}

  void reset(const MountOptions& options) override {
    held_.clear();
    model_ = std::make_unique<Model>(processor_, profile_, options);
    model_->tasks().start(kSelf);
    next_ = kSelf + 1;
  }

  int make(const std::string& path, const Who& who) override {
    if (path[0] != '@') return model_->mkdir(path, 0755, caller(who));
    const size_t slash = path.rfind('/');
    Node* parent = held(path.substr(0, slash));
    if (parent == nullptr) return ENOENT;
    return model_->mkdir(*parent, path.substr(slash + 1), 0755, caller(who));
  }
  int remove(const std::string& path, const Who& who) override {
    return model_->rmdir(path, caller(who));
  }
  int rename(const std::string& from, const std::string& to) override {
    return model_->rename(from, to, caller({}));
  }
  int write(const std::string& path, std::string_view bytes, const Who& who) override {
    if (path[0] != '@') return model_->write(path, bytes, caller(who));
    Node* node = held(path);
    return node == nullptr ? ENOENT : model_->write(*node, bytes, caller(who));
  }
  Text read(const std::string& path) override {
    if (path[0] != '@') return model_->read(path, caller({}));
    Node* node = held(path);
    return node == nullptr ? Text{ENOENT, {}} : model_->read(*node, caller({}));
  }
  Names list(const std::string& path) override {
    if (path[0] != '@') return model_->list(path == "/" ? "" : path, caller({}));
    return model_->list(*held(path), caller({}));
  }
  // What the VFS answers in the place of a directory that has no such calls.
  int create(const std::string&) override { return EACCES; }
  int unlink(const std::string&) override { return EPERM; }
  int symlink(const std::string&) override { return EPERM; }
  int chmod(const std::string&, mode_t) override { return 0; }  // it checks no permissions
  int hold(const std::string& name, const std::string& path) override {
    Node* node = below(*model_->root(), path == "/" ? "" : path);
    if (node == nullptr) return ENOENT;
    held_[name] = node->shared_from_this();
    return 0;
  }

  pid_t start(uid_t uid) override {
    model_->tasks().fork(kSelf, next_);
    Task& task = *model_->tasks().find(next_);
    task.uid = task.saved_uid = uid;
    return next_++;
  }
  pid_t fork(pid_t parent) override {
    model_->tasks().fork(parent, next_);
    return next_++;
  }
  pid_t add_thread(pid_t process) override {
    model_->tasks().add_thread(process, next_);
    return next_++;
  }
  void end(pid_t pid) override { model_->tasks().exit(pid); }
  void wait() override { model_->advance(std::chrono::seconds(1)); }

 private:
  static Caller caller(const Who& who) { return {who.child.value_or(kSelf), who.uid, 0}; }

  static Node* below(Node& from, const std::string& path) {
    Node* node = &from;
    for (size_t begin = 0; node != nullptr && begin < path.size();) {
      if (node->removed) return nullptr;
      const size_t end = std::min(path.find('/', begin), path.size());
      node = node->child(path.substr(begin, end - begin));
      begin = end + 1;
    }
    return node;
  }
  Node* held(const std::string& path) const {
    const size_t slash = std::min(path.find('/'), path.size());
    Node& from = *held_.at(path.substr(1, slash - 1));
    return below(from, slash == path.size() ? "" : path.substr(slash + 1));
  }

  Processor processor_;
  Profile profile_;
  std::unique_ptr<Model> model_;
  std::map<std::string, std::shared_ptr<Node>> held_;
  pid_t next_ = 0;
};

}  // namespace

std::unique_ptr<Target> model_target(const Processor& processor, Profile profile) {
  return std::make_unique<ModelTarget>(processor, profile);
}

}  // namespace berth::test::resctrl
