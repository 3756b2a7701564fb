#include "rdt/monitoring.h"

#include <fcntl.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace berth::rdt {
namespace {

constexpr std::string_view kDomainPrefix = "mon_L3_";

template <class Number>
std::optional<Number> number_of(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<uint64_t> read_figure(int domain, const char* event) {
  std::optional<std::string> text = read_file_if_exists(domain, event);
  if (!text) return std::nullopt;
  while (text->ends_with('\n')) text->pop_back();
  for (const char* absent : {"Unavailable", "Error", "Unassigned"}) {
    if (*text == absent) return std::nullopt;
  }
  const auto figure = number_of<uint64_t>(*text);
  if (!figure) throw Error(std::string("resctrl: ") + event + ": '" + *text + "' is no number");
  return figure;
}

}  // namespace

std::vector<DomainFigures> read_figures(int group) {
  std::vector<DomainFigures> figures;
  const auto data = open_dir_if_exists(group, "mon_data");
  if (!data) return figures;
  for (const std::string& name : list_subdirectories(data->get())) {
    if (!name.starts_with(kDomainPrefix)) continue;
    const auto id = number_of<unsigned>(std::string_view(name).substr(kDomainPrefix.size()));
    const auto domain = open_dir_if_exists(data->get(), name);
    if (!id || !domain) continue;  // a domain whose last CPU went offline takes its files along
    figures.push_back({*id, read_figure(domain->get(), "llc_occupancy"),
                       read_figure(domain->get(), "mbm_total_bytes"),
                       read_figure(domain->get(), "mbm_local_bytes")});
  }
  std::ranges::sort(figures, {}, &DomainFigures::domain);
  return figures;
}

// `res:` and `mon:` lines; the default group is `/`, another one its bare name, and where resctrl
// is not mounted there is none (kernel: proc_resctrl_show).
std::optional<std::string> parse_control_group(const std::string& cpu_resctrl_groups) {
  constexpr std::string_view kKey = "res:";
  if (!cpu_resctrl_groups.starts_with(kKey)) return std::nullopt;
  std::string name = cpu_resctrl_groups.substr(kKey.size());
  name.resize(std::min(name.find('\n'), name.size()));
  if (name.empty()) return std::nullopt;
  return name == "/" ? "" : name;
}

std::optional<std::string> control_group_of(pid_t pid) {
  const auto text =
      read_file_if_exists(AT_FDCWD, "/proc/" + std::to_string(pid) + "/cpu_resctrl_groups");
  return text ? parse_control_group(*text) : std::nullopt;
}

}  // namespace berth::rdt
