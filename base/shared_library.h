// A shared library that is opened when it is first wanted: whoever does without it does not load it
// (dlopen(3)). Its symbols stay its own.
#pragma once

#include <string>

namespace berth {

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
