#include "runtime/systemd/message.h"

#include "base/error.h"

namespace berth::runtime::systemd {

Call::Call(sd_bus* bus, const char* method) {
  sd_bus_message* message = nullptr;
  check_bus(sd_bus_library().message_new_method_call(bus, &message, kDestination, kObject, kManager,
                                                     method),
            "make a message");
  message_.reset(message);
}

void Call::open(char type, const char* contents) {
  check_bus(sd_bus_library().message_open_container(message_.get(), type, contents),
            "write a message");
}

void Call::close() {
  check_bus(sd_bus_library().message_close_container(message_.get()), "write a message");
}

void Call::add(const Value& value) {
  const std::string& type = value.signature;
  if (type.starts_with('a')) {
    open('a', type.c_str() + 1);
  } else if (type.starts_with('(')) {
    open('r', type.substr(1, type.size() - 2).c_str());
  } else {
    return add_basic(value);
  }
  for (const Value& element : value.elements) add(element);
  close();
}

void Call::add_basic(const Value& value) {
  const char type = value.signature.front();
  const auto append = [&](const void* data) {
    check_bus(sd_bus_library().message_append_basic(message_.get(), type, data), "write a message");
  };
  // Each type has its own size in memory.
  const auto append_as = [&](auto number) { append(&number); };
  switch (type) {
    case 'b':
      return append_as(static_cast<int>(std::get<bool>(value.basic)));
    case 'y':
      return append_as(static_cast<uint8_t>(std::get<uint64_t>(value.basic)));
    case 'q':
      return append_as(static_cast<uint16_t>(std::get<uint64_t>(value.basic)));
    case 'u':
      return append_as(static_cast<uint32_t>(std::get<uint64_t>(value.basic)));
    case 't':
      return append_as(std::get<uint64_t>(value.basic));
    case 'n':
      return append_as(static_cast<int16_t>(std::get<int64_t>(value.basic)));
    case 'i':
      return append_as(static_cast<int32_t>(std::get<int64_t>(value.basic)));
    case 'x':
      return append_as(std::get<int64_t>(value.basic));
    case 'd':
      return append_as(std::get<double>(value.basic));
    default:  // s, o, g
      return append(std::get<std::string>(value.basic).c_str());
  }
}

void Call::add(const std::vector<Property>& properties) {
  open('a', "(sv)");
  for (const Property& property : properties) {
    open('r', "sv");
    add(text(property.name));
    open('v', property.value.signature.c_str());
    add(property.value);
    close();
    close();
  }
  close();
}

void Call::add_no_units() {
  open('a', "(sa(sv))");
  close();
}

}  // namespace berth::runtime::systemd
