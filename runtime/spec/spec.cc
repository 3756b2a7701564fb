#include "runtime/spec/spec.h"

#include <algorithm>

namespace berth::runtime::spec {

const Namespace* Spec::find_namespace(NamespaceType type) const {
  const auto found = std::ranges::find(linux_.namespaces, type, &Namespace::type);
  return found == linux_.namespaces.end() ? nullptr : &*found;
}

bool Spec::has_namespace(NamespaceType type) const {
  return find_namespace(type) != nullptr;
}

}  // namespace berth::runtime::spec
