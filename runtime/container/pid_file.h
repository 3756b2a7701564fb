// `--pid-file`: an engine that finds the file finds the whole number in it.
#pragma once

#include <sys/types.h>

#include <string>

namespace berth::runtime {

void write_pid_file(const std::string& path, pid_t pid);

}  // namespace berth::runtime
