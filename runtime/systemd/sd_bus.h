// libsystemd's sd-bus(3), opened when it is first wanted, and its objects with an owner each.
// Private to this folder.
#pragma once

#include <systemd/sd-bus.h>

#include <memory>
#include <string>

namespace berth::runtime::systemd {

// By the names that they have behind `sd_bus_`.
struct SdBus {
  decltype(&::sd_bus_open_system) open_system;
  decltype(&::sd_bus_open_user) open_user;
  decltype(&::sd_bus_new) make;
  decltype(&::sd_bus_set_address) set_address;
  decltype(&::sd_bus_start) start;
  decltype(&::sd_bus_flush_close_unref) flush_close_unref;
  decltype(&::sd_bus_match_signal_async) match_signal_async;
  decltype(&::sd_bus_slot_unref) slot_unref;
  decltype(&::sd_bus_process) process;
  decltype(&::sd_bus_wait) wait;
  decltype(&::sd_bus_call) call;
  decltype(&::sd_bus_get_property_string) get_property_string;
  decltype(&::sd_bus_error_free) error_free;
  decltype(&::sd_bus_message_new_method_call) message_new_method_call;
  decltype(&::sd_bus_message_append_basic) message_append_basic;
  decltype(&::sd_bus_message_open_container) message_open_container;
  decltype(&::sd_bus_message_close_container) message_close_container;
  decltype(&::sd_bus_message_read_basic) message_read_basic;
  decltype(&::sd_bus_message_unref) message_unref;
};

// Throws Error where the library is not on this host.
const SdBus& sd_bus_library();

struct BusClose {
  void operator()(sd_bus* bus) const { sd_bus_library().flush_close_unref(bus); }
};
struct SlotRelease {
  void operator()(sd_bus_slot* slot) const { sd_bus_library().slot_unref(slot); }
};
struct MessageRelease {
  void operator()(sd_bus_message* message) const { sd_bus_library().message_unref(message); }
};
using BusHandle = std::unique_ptr<sd_bus, BusClose>;
using SlotHandle = std::unique_ptr<sd_bus_slot, SlotRelease>;
using MessageHandle = std::unique_ptr<sd_bus_message, MessageRelease>;

// What the other end answers in place of a reply.
class BusError {
 public:
  BusError() = default;
  ~BusError() { sd_bus_library().error_free(&error_); }
  BusError(const BusError&) = delete;
  BusError& operator=(const BusError&) = delete;
  sd_bus_error* get() { return &error_; }
  // `org.freedesktop.systemd1.UnitExists`
  std::string name() const { return error_.name == nullptr ? "" : error_.name; }
  std::string message() const { return error_.message == nullptr ? "" : error_.message; }

 private:
  sd_bus_error error_{};
};

// sd-bus gives back negative errno values.
int check_bus(int rc, const char* operation);

}  // namespace berth::runtime::systemd
