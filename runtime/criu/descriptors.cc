#include "runtime/criu/descriptors.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace berth::runtime::criu {

std::string descriptors_json(const Descriptors& descriptors) {
  return nlohmann::json(descriptors).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Descriptors parse_descriptors(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool valid =
      json.is_array() && json.size() == std::tuple_size_v<Descriptors> &&
      std::ranges::all_of(json, [](const nlohmann::json& entry) { return entry.is_string(); });
  if (!valid) throw Error(std::string(kDescriptorsFile) + ": an array of three strings is wanted");
  return json.get<Descriptors>();
}

std::vector<std::string> inherited(const Descriptors& descriptors) {
  std::vector<std::string> result;
  for (size_t fd = 0; fd < descriptors.size(); ++fd) {
    const std::string& name = descriptors[fd];
    if (!name.starts_with("pipe:") && !name.starts_with("file[")) continue;
    const auto end = descriptors.begin() + static_cast<std::ptrdiff_t>(fd);
    if (std::find(descriptors.begin(), end, name) != end) continue;
    result.push_back("fd[" + std::to_string(fd) + "]:" + name);
  }
  return result;
}

}  // namespace berth::runtime::criu
