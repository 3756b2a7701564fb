#include "runtime/process/personality.h"

#include <sys/personality.h>

#include "base/error.h"

namespace berth::runtime::process {

void set_personality(unsigned long domain) {
  check(::personality(domain), "set linux.personality");
}

}  // namespace berth::runtime::process
