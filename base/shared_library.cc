#include "base/shared_library.h"

#include <dlfcn.h>

#include <utility>

#include "base/error.h"

namespace berth {
namespace {

[[noreturn]] void fail(const std::string& needs) {
  const char* const why = ::dlerror();
  throw Error(needs + ": " + (why == nullptr ? "it cannot be opened" : why));
}

}  // namespace

void want_shared_libraries() {}

SharedLibrary::SharedLibrary(const char* file, std::string wanted_by)
    : needs_(std::move(wanted_by) + " needs " + file),
      handle_(::dlopen(file, RTLD_NOW | RTLD_LOCAL)) {
  if (handle_ == nullptr) fail(needs_);
}

void* SharedLibrary::address(const char* name) const {
  void* const found = ::dlsym(handle_, name);
  if (found == nullptr) fail(needs_);
  return found;
}

}  // namespace berth
