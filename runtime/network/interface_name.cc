#include "runtime/network/interface_name.h"

#include <net/if.h>

namespace berth::runtime::network {
namespace {

using namespace std::string_view_literals;

bool is_valid(std::string_view name) {
  return !name.empty() && name.size() < IFNAMSIZ && name != "." && name != ".." &&
         name.find_first_of("/: \t\n\v\f\r\0"sv) == std::string_view::npos;
}

}  // namespace

bool is_interface_name(std::string_view name) {
  return is_valid(name) && name.find('%') == std::string_view::npos;
}

// One `%d`, and no other `%` (__dev_alloc_name).
bool is_interface_template(std::string_view name) {
  const size_t place = name.find('%');
  return is_valid(name) && place != std::string_view::npos && name.substr(place, 2) == "%d" &&
         name.find('%', place + 1) == std::string_view::npos;
}

}  // namespace berth::runtime::network
