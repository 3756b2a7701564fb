#include "launcher/environment.h"

#include <map>

namespace berth::launcher {
namespace {

std::string_view name_of(std::string_view variable) {
  return variable.substr(0, variable.find('='));
}

bool task_wins(std::string_view name, const std::set<std::string>& exported) {
  return name.starts_with("SLURM_") || name.starts_with("PMI") ||
         exported.contains(std::string(name));
}

}  // namespace

std::vector<std::string> merge_environment(const std::vector<std::string>& bundle,
                                           const std::vector<std::string>& task,
                                           const std::set<std::string>& exported) {
  std::vector<std::string> result;
  std::map<std::string, size_t, std::less<>> index;
  const auto put = [&](const std::string& variable, bool overwrite) {
    const std::string_view name = name_of(variable);
    if (name.size() == variable.size() || name.starts_with(kPrivatePrefix)) return;
    const auto [it, added] = index.try_emplace(std::string(name), result.size());
    if (added)
      result.push_back(variable);
    else if (overwrite)
      result[it->second] = variable;
  };
  for (const std::string& variable : bundle) put(variable, true);
  for (const std::string& variable : task) put(variable, task_wins(name_of(variable), exported));
  return result;
}

std::set<std::string> exported_names(std::string_view export_option) {
  std::set<std::string> names;
  while (!export_option.empty()) {
    const size_t comma = export_option.find(',');
    const std::string_view item = export_option.substr(0, comma);
    const size_t equals = item.find('=');
    if (equals != std::string_view::npos && equals > 0) names.emplace(item.substr(0, equals));
    if (comma == std::string_view::npos) break;
    export_option.remove_prefix(comma + 1);
  }
  return names;
}

}  // namespace berth::launcher
