#define FUSE_USE_VERSION 314
#include "tests/support/resctrl/fuse_server.h"

#include <fuse_lowlevel.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <algorithm>
#include <unordered_map>

#include "base/error.h"

namespace berth::test::resctrl {

// What the kernel asks, in the words of the model. Inode numbers are the nodes' own.
class FuseServer::Calls {
 public:
  Calls(Model& model, std::recursive_mutex& lock) : model_(model), lock_(lock) {
    known_[FUSE_ROOT_ID] = {model.root(), 1};
  }

  static const fuse_lowlevel_ops& operations();

 private:
  struct Known {
    std::shared_ptr<Node> node;
    uint64_t lookups = 0;
  };
  // An open file or directory. What it reads is made when it is read from its beginning.
  struct Open {
    std::shared_ptr<Node> node;
    std::string text;
    std::vector<std::string> names;
  };

  static Calls& of(fuse_req_t request) {
    return *static_cast<Calls*>(::fuse_req_userdata(request));
  }
  Open& opened(const fuse_file_info* info) { return opened_.at(info->fh); }
  static Caller caller(fuse_req_t request) {
    const fuse_ctx* context = ::fuse_req_ctx(request);
    return {context->pid, context->uid, context->gid};
  }
  std::unique_lock<std::recursive_mutex> locked() const {
    return std::unique_lock<std::recursive_mutex>(lock_);
  }
  Node& node(fuse_ino_t number) const { return *known_.at(number).node; }

  static struct stat attributes(const Node& node) {
    struct stat result {};
    result.st_ino = node.number;
    result.st_mode = node.mode;
    result.st_uid = node.uid;
    result.st_gid = node.gid;
    result.st_nlink = 1;
    if (node.is_directory()) {
      result.st_nlink =
          2 + static_cast<nlink_t>(std::ranges::count_if(
                  node.children, [](const auto& c) { return c.second->is_directory(); }));
    }
    return result;
  }

  // Nothing is cached: another program, or the test itself, may change it at any time.
  void reply_entry(fuse_req_t request, Node& found) {
    fuse_entry_param entry{};
    entry.ino = found.number;
    entry.attr = attributes(found);
    Known& known = known_[found.number];
    known.node = found.shared_from_this();
    ++known.lookups;
    ::fuse_reply_entry(request, &entry);
  }

  void forget(fuse_ino_t number, uint64_t lookups) {
    const auto at = known_.find(number);
    if (at == known_.end() || number == FUSE_ROOT_ID) return;
    at->second.lookups -= std::min(lookups, at->second.lookups);
    if (at->second.lookups == 0) known_.erase(at);
  }

  static void do_lookup(fuse_req_t request, fuse_ino_t parent, const char* name);
  static void do_forget(fuse_req_t request, fuse_ino_t number, uint64_t lookups);
  static void do_forget_multi(fuse_req_t request, size_t count, fuse_forget_data* forgets);
  static void do_getattr(fuse_req_t request, fuse_ino_t number, fuse_file_info* info);
  static void do_setattr(fuse_req_t request, fuse_ino_t number, struct stat* wanted, int which,
                         fuse_file_info* info);
  static void do_mkdir(fuse_req_t request, fuse_ino_t parent, const char* name, mode_t mode);
  static void do_rmdir(fuse_req_t request, fuse_ino_t parent, const char* name);
  static void do_rename(fuse_req_t request, fuse_ino_t parent, const char* name,
                        fuse_ino_t new_parent, const char* new_name, unsigned flags);
  static void do_open(fuse_req_t request, fuse_ino_t number, fuse_file_info* info);
  static void do_read(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset,
                      fuse_file_info* info);
  static void do_write(fuse_req_t request, fuse_ino_t number, const char* bytes, size_t size,
                       off_t offset, fuse_file_info* info);
  static void do_release(fuse_req_t request, fuse_ino_t number, fuse_file_info* info);
  static void do_readdir(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset,
                         fuse_file_info* info);

  Model& model_;
  std::recursive_mutex& lock_;
  std::unordered_map<fuse_ino_t, Known> known_;
  std::unordered_map<uint64_t, Open> opened_;
  uint64_t last_opened_ = 0;
};

void FuseServer::Calls::do_lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  Calls& self = of(request);
  const auto lock = self.locked();
  const Node& directory = self.node(parent);
  Node* found = directory.removed ? nullptr : directory.child(name);
  if (found == nullptr) {
    ::fuse_reply_err(request, ENOENT);
  } else {
    self.reply_entry(request, *found);
  }
}

void FuseServer::Calls::do_forget(fuse_req_t request, fuse_ino_t number, uint64_t lookups) {
  of(request).forget(number, lookups);
  ::fuse_reply_none(request);
}

void FuseServer::Calls::do_forget_multi(fuse_req_t request, size_t count,
                                        fuse_forget_data* forgets) {
  for (size_t i = 0; i < count; ++i) of(request).forget(forgets[i].ino, forgets[i].nlookup);
  ::fuse_reply_none(request);
}

void FuseServer::Calls::do_getattr(fuse_req_t request, fuse_ino_t number, fuse_file_info*) {
  Calls& self = of(request);
  const auto lock = self.locked();
  const struct stat result = attributes(self.node(number));
  ::fuse_reply_attr(request, &result, 0);
}

// A new size is taken and means nothing: O_TRUNC.
void FuseServer::Calls::do_setattr(fuse_req_t request, fuse_ino_t number, struct stat* wanted,
                                   int which, fuse_file_info*) {
  Calls& self = of(request);
  const auto lock = self.locked();
  Node& node = self.node(number);
  if ((which & FUSE_SET_ATTR_MODE) != 0)
    node.mode = (node.mode & S_IFMT) | (wanted->st_mode & 07777);
  if ((which & FUSE_SET_ATTR_UID) != 0) node.uid = wanted->st_uid;
  if ((which & FUSE_SET_ATTR_GID) != 0) node.gid = wanted->st_gid;
  const struct stat result = attributes(node);
  ::fuse_reply_attr(request, &result, 0);
}

void FuseServer::Calls::do_mkdir(fuse_req_t request, fuse_ino_t parent, const char* name,
                                 mode_t mode) {
  Calls& self = of(request);
  const auto lock = self.locked();
  Node& directory = self.node(parent);
  if (const int error = self.model_.mkdir(directory, name, mode, caller(request))) {
    ::fuse_reply_err(request, error);
  } else {
    self.reply_entry(request, *directory.child(name));
  }
}

void FuseServer::Calls::do_rmdir(fuse_req_t request, fuse_ino_t parent, const char* name) {
  Calls& self = of(request);
  const auto lock = self.locked();
  ::fuse_reply_err(request, self.model_.rmdir(self.node(parent), name, caller(request)));
}

void FuseServer::Calls::do_rename(fuse_req_t request, fuse_ino_t parent, const char* name,
                                  fuse_ino_t new_parent, const char* new_name, unsigned flags) {
  Calls& self = of(request);
  const auto lock = self.locked();
  const int error = flags != 0 ? EINVAL
                               : self.model_.rename(self.node(parent), name, self.node(new_parent),
                                                    new_name, caller(request));
  ::fuse_reply_err(request, error);
}

void FuseServer::Calls::do_open(fuse_req_t request, fuse_ino_t number, fuse_file_info* info) {
  Calls& self = of(request);
  const auto lock = self.locked();
  const Node& node = self.node(number);
  const bool writes = (info->flags & O_ACCMODE) != O_RDONLY;
  if (const int error = self.model_.open(node, writes, caller(request))) {
    ::fuse_reply_err(request, error);
    return;
  }
  info->fh = ++self.last_opened_;
  self.opened_[info->fh].node = self.known_.at(number).node;
  info->direct_io = 1;  // each read(2) and write(2) comes here, as it is
  if (node.is_directory()) {
    info->direct_io = 0;
    info->cache_readdir = 0;
  }
  if (::fuse_reply_open(request, info) != 0) self.opened_.erase(info->fh);  // interrupted
}

void FuseServer::Calls::do_read(fuse_req_t request, fuse_ino_t, size_t size, off_t offset,
                                fuse_file_info* info) {
  Calls& self = of(request);
  const auto lock = self.locked();
  Open& open = self.opened(info);
  if (offset == 0) {
    Text text = self.model_.read(*open.node, caller(request));
    if (text.error != 0) {
      ::fuse_reply_err(request, text.error);
      return;
    }
    open.text = std::move(text.text);
  }
  const size_t begin = std::min(static_cast<size_t>(offset), open.text.size());
  ::fuse_reply_buf(request, open.text.data() + begin, std::min(size, open.text.size() - begin));
}

void FuseServer::Calls::do_write(fuse_req_t request, fuse_ino_t, const char* bytes, size_t size,
                                 off_t, fuse_file_info* info) {
  Calls& self = of(request);
  const auto lock = self.locked();
  const std::string_view text(bytes, size);
  if (const int error = self.model_.write(*self.opened(info).node, text, caller(request))) {
    ::fuse_reply_err(request, error);
  } else {
    ::fuse_reply_write(request, size);
  }
}

void FuseServer::Calls::do_release(fuse_req_t request, fuse_ino_t, fuse_file_info* info) {
  of(request).opened_.erase(info->fh);
  ::fuse_reply_err(request, 0);
}

void FuseServer::Calls::do_readdir(fuse_req_t request, fuse_ino_t, size_t size, off_t offset,
                                   fuse_file_info* info) {
  Calls& self = of(request);
  const auto lock = self.locked();
  Open& open = self.opened(info);
  if (offset == 0) {
    Names names = self.model_.list(*open.node, caller(request));
    if (names.error != 0) {
      ::fuse_reply_err(request, names.error);
      return;
    }
    open.names = std::move(names.names);
    open.names.insert(open.names.begin(), {".", ".."});
  }
  std::string buffer(size, '\0');
  size_t used = 0;
  for (auto i = static_cast<size_t>(offset); i < open.names.size(); ++i) {
    const Node* child = open.node->child(open.names[i]);
    const struct stat entry = attributes(child == nullptr ? *open.node : *child);
    const size_t length =
        ::fuse_add_direntry(request, buffer.data() + used, size - used, open.names[i].c_str(),
                            &entry, static_cast<off_t>(i) + 1);
    if (used + length > size) break;
    used += length;
  }
  ::fuse_reply_buf(request, buffer.data(), used);
}

const fuse_lowlevel_ops& FuseServer::Calls::operations() {
  static const fuse_lowlevel_ops kOperations = [] {
    fuse_lowlevel_ops ops{};
    ops.lookup = do_lookup;
    ops.forget = do_forget;
    ops.forget_multi = do_forget_multi;
    ops.getattr = do_getattr;
    ops.setattr = do_setattr;
    ops.mkdir = do_mkdir;
    ops.rmdir = do_rmdir;
    ops.rename = do_rename;
    ops.open = do_open;
    ops.read = do_read;
    ops.write = do_write;
    ops.release = do_release;
    ops.opendir = do_open;
    ops.readdir = do_readdir;
    ops.releasedir = do_release;
    // A kernfs directory lacks these: the VFS says so, each in its own way.
    ops.mknod = [](fuse_req_t request, fuse_ino_t, const char*, mode_t, dev_t) {
      ::fuse_reply_err(request, EPERM);
    };
    ops.create = [](fuse_req_t request, fuse_ino_t, const char*, mode_t, fuse_file_info*) {
      ::fuse_reply_err(request, EACCES);
    };
    ops.unlink = [](fuse_req_t request, fuse_ino_t, const char*) {
      ::fuse_reply_err(request, EPERM);
    };
    ops.symlink = [](fuse_req_t request, const char*, fuse_ino_t, const char*) {
      ::fuse_reply_err(request, EPERM);
    };
    ops.link = [](fuse_req_t request, fuse_ino_t, fuse_ino_t, const char*) {
      ::fuse_reply_err(request, EPERM);
    };
    return ops;
  }();
  return kOperations;
}

FuseServer::FuseServer(Model& model, std::recursive_mutex& lock, UniqueFd device)
    : calls_(std::make_unique<Calls>(model, lock)),
      stop_(check(::eventfd(0, EFD_CLOEXEC), "eventfd")) {
  std::string name = "resctrl";
  char* words[] = {name.data(), nullptr};
  fuse_args arguments = FUSE_ARGS_INIT(1, words);
  session_ =
      ::fuse_session_new(&arguments, &Calls::operations(), sizeof(fuse_lowlevel_ops), calls_.get());
  ::fuse_opt_free_args(&arguments);
  if (session_ == nullptr) throw Error("make a FUSE session");
  // Takes the descriptor of a mount that is there; the session closes it.
  const std::string path = "/dev/fd/" + std::to_string(device.get());
  if (::fuse_session_mount(session_, path.c_str()) != 0) {
    ::fuse_session_destroy(session_);
    throw Error("take " + path + " for a FUSE session");
  }
  (void)device.release();

  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // the test's signals are for the test's threads
  thread_ = std::thread([this] { serve(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

FuseServer::~FuseServer() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
  ::fuse_session_destroy(session_);
}

void FuseServer::serve() {
  fuse_buf buffer{};
  pollfd watched[] = {{::fuse_session_fd(session_), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
  while (::fuse_session_exited(session_) == 0) {
    if (::poll(watched, 2, -1) < 0) continue;
    if (watched[1].revents != 0) break;
    const int size = ::fuse_session_receive_buf(session_, &buffer);
    if (size == -EINTR) continue;
    if (size <= 0) break;  // unmounted
    ::fuse_session_process_buf(session_, &buffer);
  }
  ::free(buffer.mem);
}

}  // namespace berth::test::resctrl
