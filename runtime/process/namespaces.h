// linux.namespaces: which are joined by path, which are made. The user namespace's making belongs
// to user_namespace.h, the PID namespace's to who clones.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/fd.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::process {

int clone_flag(spec::NamespaceType type);
const char* name_of(spec::NamespaceType type);
const char* proc_name_of(spec::NamespaceType type);  // in /proc/PID/ns

// A path to a namespace that this process is in asks for nothing: what is the host's stays the
// host's, and the spec must not change it. Takes such entries out.
void forget_own_namespaces(spec::Spec& spec);

class Namespaces {
 public:
  // On the host: opens every path, by the caller's right and name, and checks that it is what the
  // spec calls it. `inherits_mount`: where the spec has no mount namespace, the program shall end
  // up in the caller's.
  static Namespaces open(const spec::Spec& spec, bool inherits_mount);
  // Those of a container's first process: what the spec asks for, its mount namespace, and a user
  // namespace that is not ours.
  static Namespaces of_process(pid_t pid, int pidfd, const spec::Spec& spec);

  // For the process that clones, where no user namespace has to give the right: its next child is
  // in the PID namespace that is joined. False where that is refused: nothing is joined then.
  bool join_pid_for_children();
  // With the host's rights, before the user namespace: joins what these rights allow (an
  // administrator's network namespace); what they do not is left for after.
  void join_before_user();
  // The user namespace that the spec names by path.
  void join_user();
  // The PID namespace, if it was left, with the user namespace's rights: the next clone is in it.
  void join_pid();
  // With the user namespace's rights: joins the rest but the user namespace. A failure is final.
  void join_after_user();
  // Makes the others. Always a mount namespace: the container's tree is never put together in
  // somebody else's.
  void make() const;
  // The cgroup namespace is then not for `make` but for make_late: it begins where this process is.
  void put_off_cgroup();
  void make_late() const;
  // The mount namespace that is not the container's own, and that the program goes to once its tree
  // is made: the one joined by path, or the caller's. Empty: it stays in the one that `make` made.
  UniqueFd take_mount_namespace() { return std::move(mount_); }

  // By path: only a process cloned after the join is in it.
  bool joins_pid() const { return joins_pid_; }
  bool joins_user() const { return joins_user_; }
  bool makes_pid() const { return makes_pid_; }
  bool makes_user() const { return makes_user_; }
  bool makes(spec::NamespaceType type) const { return (make_flags_ & clone_flag(type)) != 0; }

 private:
  struct Joined {
    spec::NamespaceType type = spec::NamespaceType::mount;
    std::string path;
    UniqueFd fd;
  };
  void join_peer();
  void take_peer_root() const;

  std::vector<Joined> joined_;
  UniqueFd mount_;
  int make_flags_ = 0;  // for unshare: neither user nor PID
  int late_flags_ = 0;
  UniqueFd peer_, peer_dir_;  // a pidfd and its /proc/PID/ns
  UniqueFd peer_root_;        // where that is not its mount namespace's
  int peer_flags_ = 0;
  bool joins_pid_ = false, joins_user_ = false, makes_pid_ = false, makes_user_ = false;
};

// While it lives, children that this process makes are where `join_pid_for_children` put them, and
// this process, as they are from the first moment on, hidden from whoever is there already.
class ChildrenElsewhere {
 public:
  // `joins`: whether there is such a namespace to join.
  ChildrenElsewhere(Namespaces& namespaces, bool joins);
  ~ChildrenElsewhere();
  ChildrenElsewhere(const ChildrenElsewhere&) = delete;
  ChildrenElsewhere& operator=(const ChildrenElsewhere&) = delete;
  bool joined() const { return joined_; }
  // In the child: it stays hidden.
  void forget() { own_.reset(); }

 private:
  UniqueFd own_;
  int dumpable_ = 0;
  bool joined_ = false;
};

// Processes that are in the joined namespaces already must not look into this one, which still
// holds the host's descriptors (CVE-2016-9962). After the id maps are written, which takes a
// dumpable process; execve makes the program traceable again.
void hide_from_peers();

}  // namespace berth::runtime::process
