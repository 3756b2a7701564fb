// The simulated studies, for where the machine has no CAT. Each result holds the parameters that
// made it and is the same for the same ones; none says that it is simulated: who prints it does.
#pragma once

#include "bench/cache/model/contention.h"
#include "bench/cache/model/knee.h"
#include "bench/cache/model/mask_change.h"
