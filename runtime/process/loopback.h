// The one interface that a new network namespace has.
#pragma once

namespace berth::runtime::process {

// It is down when it is made; programs expect 127.0.0.1.
void raise_loopback();

}  // namespace berth::runtime::process
