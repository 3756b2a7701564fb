// The session keyring of a container (keyrings(7)).
#pragma once

#include <string>

namespace berth::runtime::process {

// Joins the one of that container's id, made where there is none: keys of the host's session are
// none of the container's. Does nothing where there are no keyrings. Throws Error.
void join_session_keyring(const std::string& id);

}  // namespace berth::runtime::process
