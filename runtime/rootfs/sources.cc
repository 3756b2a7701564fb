#include "runtime/rootfs/sources.h"

#include <sys/mount.h>

#include "base/error.h"
#include "runtime/process/capabilities.h"
#include "runtime/rootfs/id_namespace.h"
#include "runtime/rootfs/mounts.h"
#include "runtime/rootfs/tree.h"

namespace berth::runtime::rootfs {
namespace {

UniqueFd open_cut(const MountOp& op) {
  UniqueFd tree = open_bind(op);
  constexpr Propagation kSlave{.type = MS_SLAVE, .recursive = true};
  if (tree) set_propagation(tree.get(), kSlave, op.source);
  return tree;
}

class Taking {
 public:
  explicit Taking(const SourceRules& rules)
      : rules_(rules), opens_(rules.in_user_namespace && !rules.shared) {}

  BindSource take(const MountOp& op) {
    if (op.id_map) return take_mapped(op);
    BindSource source;
    if (!opens_ || op.source_inside) return source;
    try {
      source.tree = open_cut(op);
    } catch (const Error& e) {
      if (e.code() != EPERM) throw;
      // Who may not mount here is a user, whose own namespace gives the same user's rights.
      opens_ = false;
    }
    return source;
  }

 private:
  BindSource take_mapped(const MountOp& op) {
    BindSource source;
    source.id_namespace = namespaces_.get(*op.id_map);
    if (!rules_.in_user_namespace) return source;
    if (op.source_inside) {
      if (!mapper_) mapper_ = std::make_shared<const IdMapper>();
      source.id_mapper = mapper_;
      return source;
    }
    source.tree = open_cut(op);
    if (!source.tree) return source;
    map_ids(source.tree.get(), source.id_namespace->get(), op.id_map->recursive, op.source);
    source.final = true;
    return source;
  }

  const SourceRules& rules_;
  // Without a user namespace the rights are the same later; and a shared root wants the mounts of
  // its own namespace, which propagate.
  bool opens_;
  IdNamespaces namespaces_;
  std::shared_ptr<const IdMapper> mapper_;
};

}  // namespace

void require_right_to_map(std::span<const MountOp> plan) {
  for (const MountOp& op : plan) {
    if (!op.id_map || process::has_sys_admin()) continue;
    throw Error("id-mapped mounts take root (CAP_SYS_ADMIN)", {}, EPERM)
        .within("mount '" + op.destination + "'");
  }
}

std::vector<BindSource> take_sources(std::span<const MountOp> plan, const SourceRules& rules) {
  std::vector<BindSource> sources(plan.size());
  Taking taking(rules);
  for (size_t i = 0; i < plan.size(); ++i) {
    if (plan[i].kind != MountKind::bind) continue;
    try {
      sources[i] = taking.take(plan[i]);
    } catch (const Error& e) {
      throw e.within("mount '" + plan[i].destination + "'");
    }
  }
  return sources;
}

}  // namespace berth::runtime::rootfs
