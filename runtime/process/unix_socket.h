// Connections to sockets that somebody else listens on, by their path on the host.
#pragma once

#include <string>
#include <string_view>

#include "base/fd.h"

namespace berth::runtime::process {

// AF_UNIX, SOCK_STREAM. `path` may be longer than an address can hold; with `@` in front it is an
// abstract name. `operation` heads the Error.
UniqueFd connect_stream(std::string_view operation, const std::string& path);

}  // namespace berth::runtime::process
