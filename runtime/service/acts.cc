#include "runtime/service/acts.h"

#include <fcntl.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace berth::runtime::service {
namespace {

using nlohmann::json;

constexpr const char* kFile = "service";

constexpr std::pair<Act::Kind, const char*> kKinds[] = {
    {Act::Kind::cgroup, "cgroup"},
    {Act::Kind::directory, "directory"},
    {Act::Kind::file, "file"},
    {Act::Kind::mount, "mount"},
    {Act::Kind::make_interface, "makeInterface"},
    {Act::Kind::move_interface, "moveInterface"},
};

const char* name_of(Act::Kind kind) {
  return std::ranges::find(kKinds, kind, &std::pair<Act::Kind, const char*>::first)->second;
}

// Nothing where it is another version's.
std::optional<Act::Kind> kind_of(const std::string& name) {
  for (const auto& [kind, known] : kKinds) {
    if (name == known) return kind;
  }
  return std::nullopt;
}

std::string to_line(const Act& act) {
  json line{{"kind", name_of(act.kind)}, {"path", act.path}};
  if (act.kind == Act::Kind::mount) line["mountBefore"] = act.mount_before;
  if (act.kind == Act::Kind::cgroup) line["made"] = act.made;
  if (act.kind == Act::Kind::make_interface) line["index"] = act.index;
  if (act.kind == Act::Kind::move_interface) line["namespace"] = act.network_namespace;
  return line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Act from_line(const std::string& text) {
  const json line = json::parse(text);
  const auto kind = kind_of(line.at("kind").get<std::string>());
  if (!kind) throw Error("read what was done for a service: '" + text + "'");
  Act act;
  act.kind = *kind;
  line.at("path").get_to(act.path);
  act.mount_before = line.value("mountBefore", uint64_t{0});
  act.index = line.value("index", 0);
  act.network_namespace = line.value("namespace", "");
  act.made = line.value("made", std::map<std::string, std::string>());
  return act;
}

}  // namespace

ActLog::ActLog(int folder)
    : file_(open_file(folder, kFile, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600)) {}

void ActLog::about_to(const Act& act) {
  write_once(file_.get(), to_line(act), kFile);
}

std::vector<Act> read_acts(int folder) {
  std::vector<Act> acts;
  const auto text = read_file_if_exists(folder, kFile);
  if (!text) return acts;
  std::istringstream lines(*text);
  try {
    for (std::string line; std::getline(lines, line);) acts.push_back(from_line(line));
  } catch (const json::exception&) {
    return acts;  // a crash cut the last line short: its act was not begun
  }
  return acts;
}

}  // namespace berth::runtime::service
