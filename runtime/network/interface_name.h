#pragma once

#include <string_view>

namespace berth::runtime::network {

// Whether the kernel could take it (net/core/dev.c, dev_valid_name). What has a `%` in it is to the
// kernel a template: see is_interface_template.
bool is_interface_name(std::string_view name);

// `eth%d`: of which the kernel makes the first name that is free.
bool is_interface_template(std::string_view name);

}  // namespace berth::runtime::network
