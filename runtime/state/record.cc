// The record as JSON, in the folder and towards callers.
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "runtime/state/record_json.h"

namespace berth::runtime {
namespace {

using nlohmann::json;

// Changes when an older berth would misread the file.
constexpr int kVersion = 1;

}  // namespace

const char* to_string(Status status) {
  switch (status) {
    case Status::creating:
      return "creating";
    case Status::created:
      return "created";
    case Status::running:
      return "running";
    case Status::paused:
      return "paused";
    case Status::stopped:
      return "stopped";
  }
  return "";
}

std::string record_json(const Record& record) {
  // One by one: what stands in braces is an array of pairs first, and copied.
  json file = json::object();
  file.emplace("version", kVersion);
  file.emplace("id", record.id);
  file.emplace("ociVersion", record.oci_version);
  file.emplace("bundle", record.bundle);
  file.emplace("rootfs", record.rootfs);
  file.emplace("created", record.created);
  file.emplace("owner", record.owner);
  file.emplace("pid", record.pid);
  file.emplace("startTime", record.start_time);
  file.emplace("cgroup", record.cgroup);
  file.emplace("unit", record.unit);
  file.emplace("cgroupTree", record.cgroup_tops.everywhere);
  file.emplace("cgroupParents", record.cgroup_tops.by_mount);
  file.emplace("delegated", record.delegated);
  json& own = file["ownNamespaces"];
  own["pid"] = record.own.pid;
  own["mount"] = record.own.mount;
  own["user"] = record.own.user;
  file.emplace("annotations", record.annotations);
  file.emplace("newKeyring", record.new_keyring);
  file.emplace("lateHooks", record.late_hooks);
  if (const auto& group = record.cache_group) {
    file["cacheGroup"] = {{"name", group->name},
                          {"monitor", group->monitor},
                          {"made", group->made},
                          {"stays", group->stays}};
  }
  return file.dump();
}

Record parse_record(const std::string& text, const std::string& id) {
  const std::string what = "state of container '" + id + "': ";
  try {
    const json file = json::parse(text);
    if (const int version = file.at("version").get<int>(); version != kVersion) {
      throw Error(what + "version " + std::to_string(version) + " is not " +
                  std::to_string(kVersion) + ": another berth made it");
    }
    Record record;
    file.at("id").get_to(record.id);
    file.at("ociVersion").get_to(record.oci_version);
    file.at("bundle").get_to(record.bundle);
    file.at("rootfs").get_to(record.rootfs);
    file.at("created").get_to(record.created);
    file.at("owner").get_to(record.owner);
    file.at("pid").get_to(record.pid);
    file.at("startTime").get_to(record.start_time);
    file.at("cgroup").get_to(record.cgroup);
    file.at("unit").get_to(record.unit);
    file.at("cgroupTree").get_to(record.cgroup_tops.everywhere);
    if (const auto parents = file.find("cgroupParents"); parents != file.end()) {
      parents->get_to(record.cgroup_tops.by_mount);
    }
    file.at("delegated").get_to(record.delegated);
    const json& own = file.at("ownNamespaces");
    own.at("pid").get_to(record.own.pid);
    own.at("mount").get_to(record.own.mount);
    own.at("user").get_to(record.own.user);
    file.at("annotations").get_to(record.annotations);
    if (const auto group = file.find("cacheGroup"); group != file.end()) {
      record.cache_group = CacheGroup{
          group->at("name").get<std::string>(),
          group->at("monitor").get<std::string>(),
          group->at("made").get<bool>(),
          group->at("stays").get<bool>(),
      };
    }
    record.new_keyring = file.value("newKeyring", true);
    file.at("lateHooks").get_to(record.late_hooks);
    return record;
  } catch (const json::exception& e) {
    throw Error(what + e.what());
  }
}

std::string state_json(const Record& record, Status status) {
  nlohmann::ordered_json state{{"ociVersion", record.oci_version},
                               {"id", record.id},
                               {"pid", status == Status::stopped ? 0 : record.pid},
                               {"status", to_string(status)},
                               {"bundle", record.bundle},
                               {"rootfs", record.rootfs},
                               {"created", record.created}};
  if (!record.annotations.empty()) state["annotations"] = record.annotations;
  state["owner"] = "";
  return state.dump(2);
}

}  // namespace berth::runtime
