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

void take_mapped(BindSource& source, const MountOp& op, IdNamespaces& namespaces,
                 const SourceRules& rules) {
  if (!process::has_sys_admin()) {
    throw Error("id-mapped mounts take root (CAP_SYS_ADMIN)", {}, EPERM);
  }
  source.id_namespace = namespaces.get(*op.id_map);
  if (!rules.in_user_namespace) return;
  source.tree = open_cut(op);
  if (!source.tree) return;
  map_ids(source.tree.get(), source.id_namespace->get(), op.id_map->recursive, op.source);
  source.final = true;
}

}  // namespace

std::vector<BindSource> take_sources(std::span<const MountOp> plan, const SourceRules& rules) {
  std::vector<BindSource> sources(plan.size());
  IdNamespaces namespaces;
  // Without a user namespace the rights are the same later; and a shared root wants the mounts of
  // its own namespace, which propagate.
  bool opens = rules.in_user_namespace && !rules.shared;
  for (size_t i = 0; i < plan.size(); ++i) {
    const MountOp& op = plan[i];
    if (op.kind != MountKind::bind) continue;
    try {
      if (op.id_map) {
        take_mapped(sources[i], op, namespaces, rules);
      } else if (opens) {
        sources[i].tree = open_cut(op);
      }
    } catch (const Error& e) {
      if (op.id_map || e.code() != EPERM) throw e.within("mount '" + op.destination + "'");
      // Who may not mount here is a user, whose own namespace gives the same user's rights.
      opens = false;
    }
  }
  return sources;
}

}  // namespace berth::runtime::rootfs
