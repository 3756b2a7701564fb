#include "launcher/policy.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "launcher/json_reader.h"

namespace berth::launcher {
namespace {

using Json = nlohmann::json;

constexpr size_t kMaxPolicyBytes = size_t{1} << 20;

Json parse_text(std::string_view text, std::string_view name) {
  try {
    return Json::parse(text, nullptr, true, /*ignore_comments=*/true);
  } catch (const Json::parse_error& e) {
    throw Error(describe_parse_error(text, e.byte, name));
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
  if (st.st_uid != owner) {
    throw Error("refuse policy '" + path + "': it belongs to uid " + std::to_string(st.st_uid) +
                ", not to root");
  }
  if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    throw Error("refuse policy '" + path + "': others than root may write it (chmod go-w)");
  }
  return read_fd(fd.get(), path, kMaxPolicyBytes);
}

CgroupMode cgroup_mode(JsonReader& reader, const char* key, CgroupMode fallback) {
  return reader.one_of<CgroupMode>(key, fallback,
                                   {{"auto", CgroupMode::automatic},
                                    {"own", CgroupMode::own},
                                    {"slurm", CgroupMode::slurm},
                                    {"off", CgroupMode::off}});
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

void read_limits(JsonReader limits, Policy& policy) {
  if (auto text = limits.text("taskMemory")) {
    policy.task_memory = parse_bytes(*text);
    if (!policy.task_memory) {
      throw limits.refuse("taskMemory", "'" + *text + "' is not a size such as 512MiB or 4GiB");
    }
  }
  policy.task_pids = limits.positive("taskPids");
  policy.job_pids = limits.positive("jobPids");
  limits.done();
}

std::vector<PolicyBind> read_binds(JsonReader& reader) {
  std::vector<PolicyBind> binds;
  for (JsonReader& item : reader.objects("binds")) {
    PolicyBind bind;
    bind.source = item.absolute_path("source");
    bind.destination = item.absolute_path("destination", bind.source);
    bind.readonly = item.boolean("readonly", true);
    bind.optional = item.boolean("optional", true);
    item.done();
    binds.push_back(std::move(bind));
  }
  return binds;
}

Policy decode(const Json& json, std::string_view name) {
  JsonReader reader(json, std::string(name));
  Policy policy;
  if (auto l3 = reader.object("l3")) {
    if (auto floor = l3->positive("floorWays")) {
      policy.l3_floor_ways = static_cast<unsigned>(*floor);
    }
    policy.l3_missing = l3->one_of<WhenMissing>(
        "missing", policy.l3_missing, {{"warn", WhenMissing::warn}, {"fail", WhenMissing::fail}});
    l3->done();
  }
  policy.cgroup = cgroup_mode(reader, "cgroup", policy.cgroup);
  if (auto limits = reader.object("limits")) read_limits(*limits, policy);
  policy.host_namespaces = reader.strings_of("hostNamespaces", {"network", "ipc", "pid", "uts"});
  policy.binds = read_binds(reader);
  reader.done();
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
    (void)decode(patch, path);  // so that a message names the file that is wrong
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
  return decode(parse_text(json, name), name);
}

Policy load_policy(const std::string& file, bool required, uid_t owner) {
  Json merged = Json::object();
  try {
    merged = parse_text(read_trusted(AT_FDCWD, file, file, owner), file);
    (void)decode(merged, file);
  } catch (const Error& e) {
    if (e.code() != ENOENT || required) throw;
  }
  merge_drop_ins(drop_in_dir(file), owner, merged);
  return decode(merged, file);
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
      {"l3",
       {{"floorWays", policy.l3_floor_ways},
        {"missing", policy.l3_missing == WhenMissing::warn ? "warn" : "fail"}}},
      {"cgroup", name_of(policy.cgroup)},
      {"limits", limits},
      {"hostNamespaces", policy.host_namespaces},
      {"binds", binds},
  };
  return json.dump(2) + "\n";
}

}  // namespace berth::launcher
