#include "launcher/handoff.h"

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace berth::launcher {
namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;
constexpr size_t kMaxPlan = size_t{8} << 20;  // argv may be large: ARG_MAX is 2 MiB by default
constexpr std::string_view kTag = "berth-handoff";

Json binds_to_json(const std::vector<PolicyBind>& binds) {
  Json result = Json::array();
  for (const PolicyBind& b : binds) {
    result.push_back({{"source", b.source},
                      {"destination", b.destination},
                      {"readonly", b.readonly},
                      {"optional", b.optional}});
  }
  return result;
}

// JSON strings must be UTF-8, arguments and paths need not be: they travel as arrays of bytes then.
Json bytes(const std::string& text) {
  return Json::binary(std::vector<uint8_t>(text.begin(), text.end()));
}

std::string text_of(const Json& value) {
  const auto& binary = value.get_binary();
  return {binary.begin(), binary.end()};
}

std::vector<uint8_t> encode(const Handoff& handoff) {
  Json json = {{"version", kVersion},
               {"id", handoff.container_id},
               {"bundle", bytes(handoff.bundle)},
               {"command", Json::array()},
               {"exported", Json::array()},
               {"chdir", bytes(handoff.chdir)},
               {"batchScript", bytes(handoff.batch_script)},
               {"binds", binds_to_json(handoff.binds)},
               {"hostNamespaces", handoff.host_namespaces},
               {"limits", Json::array()},
               {"userNamespace", static_cast<bool>(handoff.user_namespace)},
               {"insideUid", handoff.inside_uid},
               {"insideGid", handoff.inside_gid}};
  for (const std::string& word : handoff.command) json["command"].push_back(bytes(word));
  for (const std::string& name : handoff.exported) json["exported"].push_back(bytes(name));
  if (handoff.task_memory) json["taskMemory"] = *handoff.task_memory;
  if (handoff.task_pids) json["taskPids"] = *handoff.task_pids;
  for (const runtime::LateLimit& limit : handoff.limits) {
    json["limits"].push_back({{"name", limit.name}, {"value", limit.value}});
  }
  return Json::to_cbor(json);
}

Handoff decode(const std::string& plan, std::vector<UniqueFd> fds) {
  const Json json = Json::from_cbor(plan);
  if (json.at("version") != kVersion) throw Error("handoff: of another version of berth");
  Handoff handoff;
  handoff.container_id = json.at("id");
  handoff.bundle = text_of(json.at("bundle"));
  for (const Json& word : json.at("command")) handoff.command.push_back(text_of(word));
  for (const Json& name : json.at("exported")) handoff.exported.insert(text_of(name));
  handoff.chdir = text_of(json.at("chdir"));
  handoff.batch_script = text_of(json.at("batchScript"));
  for (const Json& bind : json.at("binds")) {
    handoff.binds.push_back(
        {bind.at("source"), bind.at("destination"), bind.at("readonly"), bind.at("optional")});
  }
  handoff.host_namespaces = json.at("hostNamespaces").get<std::vector<std::string>>();
  if (json.contains("taskMemory")) handoff.task_memory = json["taskMemory"].get<int64_t>();
  if (json.contains("taskPids")) handoff.task_pids = json["taskPids"].get<int64_t>();

  handoff.inside_uid = json.at("insideUid");
  handoff.inside_gid = json.at("insideGid");
  const bool has_namespace = json.at("userNamespace");
  const Json& limits = json.at("limits");
  if (fds.size() != limits.size() + (has_namespace ? 1 : 0)) {
    throw Error("handoff: " + std::to_string(fds.size()) + " descriptors came, not those named");
  }
  size_t next = 0;
  for (const Json& limit : limits) {
    handoff.limits.push_back({std::move(fds[next++]), limit.at("value"), limit.at("name")});
  }
  if (has_namespace) handoff.user_namespace = std::move(fds[next]);
  return handoff;
}

}  // namespace

void send_handoff(int socket, const Handoff& handoff) {
  const std::vector<uint8_t> plan = encode(handoff);
  const UniqueFd sealed =
      sealed_memfd("berth-plan", {reinterpret_cast<const char*>(plan.data()), plan.size()});
  std::vector<int> fds{sealed.get()};
  for (const runtime::LateLimit& limit : handoff.limits) fds.push_back(limit.fd.get());
  if (handoff.user_namespace) fds.push_back(handoff.user_namespace.get());
  send_message(socket, kTag, fds);
}

Handoff receive_handoff(int socket) {
  Message message = receive_message(socket);
  if (message.bytes != kTag || message.fds.empty()) {
    throw Error("handoff: nothing came from the root side");
  }
  const std::string plan = read_sealed(message.fds.front().get(), kMaxPlan);
  message.fds.erase(message.fds.begin());
  try {
    return decode(plan, std::move(message.fds));
  } catch (const Json::exception& e) {
    throw Error(std::string("handoff: ") + e.what());
  }
}

}  // namespace berth::launcher
