#include "runtime/service/acts.h"

#include <fcntl.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/file.h"

namespace berth::runtime::service {
namespace {

using nlohmann::json;

constexpr const char* kFile = "service";

NLOHMANN_JSON_SERIALIZE_ENUM(Act::Kind, {{Act::Kind::cgroup, "cgroup"},
                                         {Act::Kind::directory, "directory"},
                                         {Act::Kind::file, "file"},
                                         {Act::Kind::mount, "mount"},
                                         {Act::Kind::make_interface, "makeInterface"},
                                         {Act::Kind::move_interface, "moveInterface"}})

std::string to_line(const Act& act) {
  json line{{"kind", act.kind}, {"path", act.path}};
  if (act.kind == Act::Kind::mount) line["mountBefore"] = act.mount_before;
  if (act.kind == Act::Kind::cgroup) {
    line["everywhere"] = act.tops.everywhere;
    line["byMount"] = act.tops.by_mount;
  }
  if (act.kind == Act::Kind::make_interface) line["index"] = act.index;
  if (act.kind == Act::Kind::move_interface) line["namespace"] = act.network_namespace;
  return line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

Act from_line(const std::string& text) {
  const json line = json::parse(text);
  Act act;
  line.at("kind").get_to(act.kind);
  line.at("path").get_to(act.path);
  act.mount_before = line.value("mountBefore", uint64_t{0});
  act.index = line.value("index", 0);
  act.network_namespace = line.value("namespace", "");
  act.tops.everywhere = line.value("everywhere", "");
  act.tops.by_mount = line.value("byMount", std::map<std::string, std::string>());
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
    // A crash cut the last line short: its act was not begun.
  }
  return acts;
}

}  // namespace berth::runtime::service
