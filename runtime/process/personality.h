// linux.personality: the execution domain, above all which machine uname(2) names.
#pragma once

namespace berth::runtime::process {

void set_personality(unsigned long domain);

}  // namespace berth::runtime::process
