// A shared library that is opened when it is first wanted: whoever does without it does not load it
// (dlopen(3)). Its symbols stay its own.
//
// A program that is linked statically can open none, for glibc would load another copy of itself
// beside it. `berth` is such a program for the sake of a start, and what is said here becomes
// another there (launcher/standalone).
#pragma once

#include <string>

namespace berth {

// To be called before anything is done that a second beginning would do again: returns in a
// program that can open shared libraries; another one executes the one that can, with the same
// words, environment and descriptors. The user database takes them too (nsswitch.conf(5)). Throws
// Error.
void want_shared_libraries();

class SharedLibrary {
 public:
  // `wanted_by` begins the message where the library or a function of it is missing: `the systemd
  // cgroup driver needs libsystemd.so.0: ...`. Throws Error.
  SharedLibrary(const char* file, std::string wanted_by);

  // The function of that name: `find<decltype(&::sd_bus_new)>("sd_bus_new")`. Throws Error.
  template <class Function>
  Function find(const char* name) const {
    return reinterpret_cast<Function>(address(name));
  }

 private:
  void* address(const char* name) const;
  std::string needs_;
  void* handle_;  // never closed: its functions are used to the end
};

}  // namespace berth
