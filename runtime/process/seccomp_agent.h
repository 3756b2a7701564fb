// Who answers the calls that a filter hands on (SCMP_ACT_NOTIFY): an agent that listens at
// linux.seccomp.listenerPath and is sent the filter's listener (runtime-spec, config-linux.md, "The
// Container Process State").
#pragma once

#include <string>

#include "base/fd.h"
#include "runtime/process/seccomp.h"

namespace berth::runtime::process {

// Whether somebody may listen there: Error, with the path, where there is no socket. A look, not a
// connection: an agent takes each of those for a container.
void require_agent(const std::string& listener_path);
// On the host, by its path.
UniqueFd connect_agent(const std::string& listener_path);

// Loads the filter and sends its listener to `agent`, with `process_state` as the payload; the
// connection is closed then. Under the filter this takes a write and a read of this process, as
// other runtimes do (the listener is there before the read, so that one may be its business).
// `forks_later`: this process will wait for children, so the one made here is waited for at once;
// else the kernel buries it.
void load_for_agent(const SeccompFilter& filter, UniqueFd agent, const std::string& process_state,
                    bool forks_later);

}  // namespace berth::runtime::process
