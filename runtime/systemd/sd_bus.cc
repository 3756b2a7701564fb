#include "runtime/systemd/sd_bus.h"

#include <dlfcn.h>

#include <type_traits>

#include "base/error.h"

namespace berth::runtime::systemd {
namespace {

constexpr const char* kLibrary = "libsystemd.so.0";

class Opened {
 public:
  Opened() : handle_(::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) fail();
  }
  template <class F>
  void find(F& function, const char* name) const {
    function = reinterpret_cast<F>(::dlsym(handle_, name));
    if (function == nullptr) fail();
  }

 private:
  [[noreturn]] static void fail() {
    const char* const why = ::dlerror();
    throw Error(std::string("the systemd cgroup driver needs ") + kLibrary + ": " +
                (why == nullptr ? "it cannot be opened" : why));
  }
  void* handle_;  // never closed: its functions are used to the end
};

SdBus load() {
  const Opened library;
  SdBus f{};
  library.find(f.open_system, "sd_bus_open_system");
  library.find(f.open_user, "sd_bus_open_user");
  library.find(f.make, "sd_bus_new");
  library.find(f.set_address, "sd_bus_set_address");
  library.find(f.start, "sd_bus_start");
  library.find(f.flush_close_unref, "sd_bus_flush_close_unref");
  library.find(f.match_signal_async, "sd_bus_match_signal_async");
  library.find(f.slot_unref, "sd_bus_slot_unref");
  library.find(f.process, "sd_bus_process");
  library.find(f.wait, "sd_bus_wait");
  library.find(f.call, "sd_bus_call");
  library.find(f.get_property_string, "sd_bus_get_property_string");
  library.find(f.error_free, "sd_bus_error_free");
  library.find(f.message_new_method_call, "sd_bus_message_new_method_call");
  library.find(f.message_append_basic, "sd_bus_message_append_basic");
  library.find(f.message_open_container, "sd_bus_message_open_container");
  library.find(f.message_close_container, "sd_bus_message_close_container");
  library.find(f.message_read_basic, "sd_bus_message_read_basic");
  library.find(f.message_unref, "sd_bus_message_unref");
  return f;
}

}  // namespace

const SdBus& sd_bus_library() {
  static const SdBus library = load();
  return library;
}

int check_bus(int rc, const char* operation) {
  if (rc < 0) throw Error(std::string("D-Bus: ") + operation, {}, -rc);
  return rc;
}

}  // namespace berth::runtime::systemd
