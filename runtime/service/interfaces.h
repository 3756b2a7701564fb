// The network part of a bundle's runtime.json.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/service/acts.h"
#include "runtime/service/service.h"

namespace berth::runtime::service {

// On the host: those that are made there. All that is_moved() are in the log then. Throws Error.
void make_on_host(const Service& service, ActLog& log);
// In the container's network namespace, with what is moved there: the others, addresses, routes.
void furnish(const Service& service, int network_namespace);

// Removes one that was made, or brings one home that was moved, where its network namespace is
// still there. A line where it is lost.
std::optional<std::string> take_back_interface(const Act& act);

}  // namespace berth::runtime::service
