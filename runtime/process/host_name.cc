// Directly after the namespaces, with the rights over them.
#include "runtime/process/host_name.h"

#include <unistd.h>

#include "base/error.h"

namespace berth::runtime::process {

void set_host_name(const spec::Spec& spec) {
  if (spec.hostname.empty() && spec.domainname.empty()) return;
  if (!spec.has_namespace(spec::NamespaceType::uts)) {
    throw Error("hostname: '" + (spec.hostname.empty() ? spec.domainname : spec.hostname) +
                "' would become the host's: linux.namespaces has no uts");
  }
  if (!spec.hostname.empty()) {
    check(::sethostname(spec.hostname.data(), spec.hostname.size()), "set hostname", spec.hostname);
  }
  if (!spec.domainname.empty()) {
    check(::setdomainname(spec.domainname.data(), spec.domainname.size()), "set domainname",
          spec.domainname);
  }
}

}  // namespace berth::runtime::process
