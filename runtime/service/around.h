// Doing what a bundle's runtime.json asks for, and taking it back.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "runtime/service/acts.h"
#include "runtime/service/service.h"

namespace berth::runtime::service {

// Before the container: cgroups, mounts, directories, in this order. Throws Error at the first
// that fails; what was done until then is in the log.
void make_ready(const Service& service, ActLog& log);

// With its first process there: its namespaces bound to files.
void surround(const Service& service, pid_t process, ActLog& log);

// All of it in the opposite order. A line for each act that could not be taken back: a mount in
// use, a directory with something in it.
std::vector<std::string> take_back(const std::vector<Act>& acts, bool cgroups_too);

}  // namespace berth::runtime::service
