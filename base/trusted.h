// Whether a file may be believed: root acts on what is in it.
#pragma once

#include <sys/types.h>

#include <string>

namespace berth {

// Empty where an open file or directory belongs to `owner` and nobody else may write to it; else
// why not, as a part of a sentence. Throws Error.
std::string why_untrusted(int fd, uid_t owner);

}  // namespace berth
