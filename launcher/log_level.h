#pragma once

namespace berth::launcher {

enum class Level { debug, info, warning, error };
const char* name_of(Level level);

}  // namespace berth::launcher
