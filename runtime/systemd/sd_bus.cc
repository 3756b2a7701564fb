#include "runtime/systemd/sd_bus.h"

#include "base/error.h"
#include "base/shared_library.h"

namespace berth::runtime::systemd {
namespace {

SdBus load() {
  const SharedLibrary library("libsystemd.so.0", "the systemd cgroup driver");
  SdBus f{};
  f.open_system = library.find<decltype(f.open_system)>("sd_bus_open_system");
  f.open_user = library.find<decltype(f.open_user)>("sd_bus_open_user");
  f.make = library.find<decltype(f.make)>("sd_bus_new");
  f.set_address = library.find<decltype(f.set_address)>("sd_bus_set_address");
  f.start = library.find<decltype(f.start)>("sd_bus_start");
  f.flush_close_unref = library.find<decltype(f.flush_close_unref)>("sd_bus_flush_close_unref");
  f.match_signal_async = library.find<decltype(f.match_signal_async)>("sd_bus_match_signal_async");
  f.slot_unref = library.find<decltype(f.slot_unref)>("sd_bus_slot_unref");
  f.process = library.find<decltype(f.process)>("sd_bus_process");
  f.wait = library.find<decltype(f.wait)>("sd_bus_wait");
  f.call = library.find<decltype(f.call)>("sd_bus_call");
  f.get_property_string =
      library.find<decltype(f.get_property_string)>("sd_bus_get_property_string");
  f.error_free = library.find<decltype(f.error_free)>("sd_bus_error_free");
  f.message_new_method_call =
      library.find<decltype(f.message_new_method_call)>("sd_bus_message_new_method_call");
  f.message_append_basic =
      library.find<decltype(f.message_append_basic)>("sd_bus_message_append_basic");
  f.message_open_container =
      library.find<decltype(f.message_open_container)>("sd_bus_message_open_container");
  f.message_close_container =
      library.find<decltype(f.message_close_container)>("sd_bus_message_close_container");
  f.message_read_basic = library.find<decltype(f.message_read_basic)>("sd_bus_message_read_basic");
  f.message_unref = library.find<decltype(f.message_unref)>("sd_bus_message_unref");
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
