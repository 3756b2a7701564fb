// A group while it is made: in one go, which is Node::create, or v2's part first, so that a process
// can be cloned into it while v1's are made. Where it does not come to an end, what was made is
// gone again, as far as no process is in it.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "runtime/cgroup/hierarchy.h"
#include "runtime/cgroup/join.h"
#include "runtime/cgroup/node.h"

namespace berth::runtime::cgroup {

struct Site;

class Making {
 public:
  // As Node::create. Throws where the host has no controllers, or lacks one that a limit needs.
  Making(const Hierarchy& hierarchy, std::string path, Limits limits = {});
  ~Making();
  Making(const Making&) = delete;
  Making& operator=(const Making&) = delete;

  // Each makes its part, and says whether the group was there already in one hierarchy at least.
  bool make_v2();
  bool make_v1();
  // How a process joins v2's part, and v1's.
  CgroupJoin join_v2() const;
  std::vector<UniqueFd> join_v1() const;
  // It stays.
  Node keep();

 private:
  enum class Part { v1, v2 };
  bool make(Part part);
  CgroupJoin join(Part part) const;
  UniqueFd make_group(const Site& site, bool from_top);
  void make_by_path(const Site& site);
  void make_group_again(const Site& site, bool from_top);
  void make_limited_group(const Site& site, bool from_top);

  Hierarchy hierarchy_;
  std::string path_;
  Limits limits_;
  std::vector<Site> all_;
  std::vector<std::string> made_;  // directories, as they were made
  bool met_ = false;               // the group itself was there
};

}  // namespace berth::runtime::cgroup
