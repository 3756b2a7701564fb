// A call of systemd's manager (org.freedesktop.systemd1(5)) on its way. Private to this folder.
#pragma once

#include <string>
#include <vector>

#include "runtime/systemd/sd_bus.h"
#include "runtime/systemd/value.h"

namespace berth::runtime::systemd {

inline constexpr const char* kDestination = "org.freedesktop.systemd1";
inline constexpr const char* kObject = "/org/freedesktop/systemd1";
inline constexpr const char* kManager = "org.freedesktop.systemd1.Manager";

class Call {
 public:
  Call(sd_bus* bus, const char* method);
  void add(const Value& value);
  void add(const std::vector<Property>& properties);  // `a(sv)`
  void add_no_units();                                // `a(sa(sv))`, empty
  sd_bus_message* message() const { return message_.get(); }

 private:
  void open(char type, const char* contents);
  void close();
  void add_basic(const Value& value);
  MessageHandle message_;
};

}  // namespace berth::runtime::systemd
