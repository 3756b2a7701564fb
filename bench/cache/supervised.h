// A measurement that is ended by a signal leaves its cache groups to who started it.
#pragma once

#include <functional>

namespace berth::cache_bench {

// Does `work` in a child, which ends with this process, and passes signals on to it. Where one ends
// it, what it took of the node's caches is given back. Returns its exit status, or 128 + the
// signal.
int supervised(const std::function<int()>& work);

}  // namespace berth::cache_bench
