// What two parts of config.json say that cannot both be.
#include <algorithm>

#include "runtime/spec/areas.h"
#include "runtime/spec/swap.h"

namespace berth::runtime::spec {
namespace {

// A hostname without a namespace of its own would be the host's.
void require_uts(const Spec& spec, const Node& top, std::string_view key) {
  const auto name = top.find(key);
  if (!name || name->string().empty() || spec.has_namespace(NamespaceType::uts)) return;
  name->fail_value("needs a namespace of type 'uts'");
}

void refuse_two_domain_names(const Node& top, const Spec& spec) {
  if (spec.domainname.empty()) return;
  for (const auto& [name, value] : spec.linux_.sysctl) {
    if (name != "kernel.domainname" && name != "kernel/domainname") continue;
    top.at("domainname")
        .fail_value("conflicts with linux.sysctl." + name + ", which is " + in_quotes(value));
  }
}

bool is_mapped(uint32_t id, const std::vector<IdMapping>& mappings) {
  return std::ranges::any_of(mappings, [id](const IdMapping& mapping) {
    return id >= mapping.container_id && id - mapping.container_id < mapping.size;
  });
}

// setuid(2) refuses an id that the namespace does not have. One that is joined has its own.
void require_mapped_user(const Node& top, const Spec& spec) {
  const Namespace* const space = spec.find_namespace(NamespaceType::user);
  if (!spec.process || space == nullptr || !space->path.empty()) return;
  const auto require = [&](const char* key, uint32_t id, const char* name,
                           const std::vector<IdMapping>& mappings) {
    if (mappings.empty() || is_mapped(id, mappings)) return;
    const std::string what = std::to_string(id) + " is in none of linux." + name;
    const Node process = top.at("process");
    const auto user = process.find("user");
    if (!user) process.fail_absent("user", what);
    if (const auto given = user->find(key)) given->fail(what);
    user->fail_absent(key, what);
  };
  require("uid", spec.process->user.uid, "uidMappings", spec.linux_.uid_mappings);
  require("gid", spec.process->user.gid, "gidMappings", spec.linux_.gid_mappings);
}

// For a container that is made; one that is changed has limits already.
void refuse_swap_alone(const Node& top, const Resources& resources) {
  if (resources.memory_swap.value_or(0) == 0) return;
  const auto limit = resources.memory_limit == 0 ? std::nullopt : resources.memory_limit;
  const auto mistake = swap_mistake(limit, *resources.memory_swap);
  if (!mistake) return;
  const Node linux_node = top.at("linux");
  const Node node = linux_node.at("resources");
  const Node memory = node.at("memory");
  memory.at("swap").fail(*mistake);
}

}  // namespace

void refuse_contradictions(const Node& top, const Spec& spec) {
  require_uts(spec, top, "hostname");
  require_uts(spec, top, "domainname");
  refuse_two_domain_names(top, spec);
  require_mapped_user(top, spec);
  refuse_swap_alone(top, spec.linux_.resources);
}

}  // namespace berth::runtime::spec
