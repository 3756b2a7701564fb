#include "launcher/policy.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json_node.h"
#include "base/trusted.h"
#include "launcher/rdt_policy_json.h"

namespace berth::launcher {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxPolicyBytes = size_t{1} << 20;

Json parse_text(std::string_view text, std::string_view name) {
  try {
    return Json::parse(text, nullptr, true, /*ignore_comments=*/true);
  } catch (const Json::parse_error& e) {
    const std::string_view before =
        text.substr(0, e.byte == 0 ? 0 : std::min(e.byte - 1, text.size()));
    const auto line = 1 + std::ranges::count(before, '\n');
    const size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
    throw Error(std::string(name) + ": line " + std::to_string(line) + ", column " +
                std::to_string(before.size() - start + 1) + ": not valid JSON");
  }
}

// The file's text, from a descriptor whose owner and mode were looked at after it was opened.
std::string read_trusted(int dir, const std::string& name, const std::string& path, uid_t owner) {
  UniqueFd fd;
  try {
    fd = open_file(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (const Error& e) {
    if (e.code() != ELOOP) throw;
    throw Error("refuse policy '" + path + "': it is a symbolic link");
  }
  struct stat st {};
  check(::fstat(fd.get(), &st), "fstat", path);
  if (!S_ISREG(st.st_mode)) throw Error("refuse policy '" + path + "': it is not a regular file");
  if (const std::string why = why_untrusted(fd.get(), owner); !why.empty()) {
    throw Error("refuse policy '" + path + "': " + why);
  }
  return read_fd(fd.get(), path, kMaxPolicyBytes);
}

const char* name_of(CgroupMode mode) {
  switch (mode) {
    case CgroupMode::own:
      return "own";
    case CgroupMode::slurm:
      return "slurm";
    case CgroupMode::off:
      return "off";
    case CgroupMode::automatic:
      break;
  }
  return "auto";
}

std::optional<int32_t> positive(const JsonNode& object, std::string_view key) {
  const auto node = object.find(key);
  if (!node) return std::nullopt;
  const auto number = node->integer_within<int32_t>(1, INT32_MAX);
  if (!number) node->fail("expected a whole number from 1 up, found " + node->text());
  return number;
}

void read_limits(const JsonNode& limits, Policy& policy) {
  limits.allow_only({"taskMemory", "taskPids", "jobPids"});
  if (const auto memory = limits.find("taskMemory")) {
    policy.task_memory = parse_bytes(memory->string());
    if (!policy.task_memory) memory->fail_value("is not a size such as 512MiB or 4GiB");
  }
  policy.task_pids = positive(limits, "taskPids");
  policy.job_pids = positive(limits, "jobPids");
}

PolicyBind read_bind(const JsonNode& node) {
  node.allow_only({"source", "destination", "readonly", "optional"});
  const auto source = node.find("source"), destination = node.find("destination");
  if (!source) node.fail_absent("source", "is missing");
  PolicyBind bind;
  bind.source = source->absolute_path();
  bind.destination = destination ? destination->absolute_path() : bind.source;
  bind.readonly = node.boolean_or("readonly", true);
  bind.optional = node.boolean_or("optional", true);
  return bind;
}

// The policy of version 0.1 had `l3`.
void refuse_old_keys(const JsonNode& root) {
  if (const auto l3 = root.find("l3")) {
    l3->fail(
        "unknown key; l3.floorWays is rdt.floorWays now, and l3.missing is "
        "rdt.options.l3.optional");
  }
}

enum class Extent { one_file, whole };

Policy decode(const Json& json, std::string_view name, Extent extent) {
  const JsonNode root(json, name);
  refuse_old_keys(root);
  root.allow_only({"rdt", "cgroup", "limits", "hostNamespaces", "binds", "runtimeJson"});
  Policy policy;
  if (const auto rdt = root.find("rdt")) {
    policy.rdt = read_rdt_policy(*rdt);
    if (extent == Extent::whole) check_rdt_policy(*rdt, policy.rdt);
  }
  if (const auto cgroup = root.find("cgroup")) {
    policy.cgroup = cgroup->one_of<CgroupMode>({{"auto", CgroupMode::automatic},
                                                {"own", CgroupMode::own},
                                                {"slurm", CgroupMode::slurm},
                                                {"off", CgroupMode::off}});
  }
  if (const auto limits = root.find("limits")) read_limits(*limits, policy);
  if (const auto spaces = root.find("hostNamespaces")) {
    for (const JsonNode& space : spaces->elements()) {
      policy.host_namespaces.push_back(space.one_of<std::string>(
          {{"network", "network"}, {"ipc", "ipc"}, {"pid", "pid"}, {"uts", "uts"}}));
    }
  }
  policy.runtime_json = root.boolean_or("runtimeJson", policy.runtime_json);
  if (const auto binds = root.find("binds")) {
    for (const JsonNode& bind : binds->elements()) policy.binds.push_back(read_bind(bind));
  }
  return policy;
}

std::string drop_in_dir(const std::string& file) {
  const std::string suffix = ".json";
  return (file.ends_with(suffix) ? file.substr(0, file.size() - suffix.size()) : file) + ".d";
}

void merge_drop_ins(const std::string& dir_path, uid_t owner, Json& merged) {
  const auto dir = open_dir_if_exists(AT_FDCWD, dir_path);
  if (!dir) return;
  for (const std::string& name : list_dir(dir->get())) {
    if (!name.ends_with(".json") || name.starts_with(".")) continue;
    const std::string path = dir_path + "/" + name;
    const Json patch = parse_text(read_trusted(dir->get(), name, path, owner), path);
    (void)decode(patch, path, Extent::one_file);  // so that a message names the file that is wrong
    merged.merge_patch(patch);
  }
}

}  // namespace

std::optional<int64_t> parse_bytes(std::string_view text) {
  int64_t number = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || number <= 0) return std::nullopt;
  const std::string_view unit(rest, static_cast<size_t>(text.data() + text.size() - rest));
  int shift = 0;
  if (unit == "KiB" || unit == "K")
    shift = 10;
  else if (unit == "MiB" || unit == "M")
    shift = 20;
  else if (unit == "GiB" || unit == "G")
    shift = 30;
  else if (unit == "TiB" || unit == "T")
    shift = 40;
  else if (!unit.empty() && unit != "B")
    return std::nullopt;
  if (number > (INT64_MAX >> shift)) return std::nullopt;
  return number << shift;
}

Policy parse_policy(std::string_view json, std::string_view name) {
  return decode(parse_text(json, name), name, Extent::whole);
}

Policy load_policy(const std::string& file, bool required, uid_t owner) {
  Json merged = Json::object();
  try {
    merged = parse_text(read_trusted(AT_FDCWD, file, file, owner), file);
    (void)decode(merged, file, Extent::one_file);
  } catch (const Error& e) {
    if (e.code() != ENOENT || required) throw;
  }
  merge_drop_ins(drop_in_dir(file), owner, merged);
  return decode(merged, file, Extent::whole);
}

std::string to_json(const Policy& policy) {
  Json limits = Json::object();
  if (policy.task_memory) limits["taskMemory"] = std::to_string(*policy.task_memory);
  if (policy.task_pids) limits["taskPids"] = *policy.task_pids;
  if (policy.job_pids) limits["jobPids"] = *policy.job_pids;
  Json binds = Json::array();
  for (const PolicyBind& bind : policy.binds) {
    binds.push_back({{"source", bind.source},
                     {"destination", bind.destination},
                     {"readonly", bind.readonly},
                     {"optional", bind.optional}});
  }
  const Json json = {
      {"rdt", json_of(policy.rdt)},
      {"cgroup", name_of(policy.cgroup)},
      {"limits", limits},
      {"hostNamespaces", policy.host_namespaces},
      {"binds", binds},
      {"runtimeJson", policy.runtime_json},
  };
  return json.dump(2) + "\n";
}

}  // namespace berth::launcher
