#include "runtime/criu/options.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace berth::runtime::criu {
namespace {

using Words = std::vector<std::string>;

constexpr const char* kConfigOfRunc = "/etc/criu/runc.conf";

void add(Words& words, const char* option, const std::string& value) {
  words.emplace_back(option);
  words.push_back(value);
}

void add_if(Words& words, bool wanted, const char* option) {
  if (wanted) words.emplace_back(option);
}

void add_config(Words& words, const std::optional<std::string>& file) {
  // As runc has it: one that is not there is no error, and an empty name means none at all.
  const std::string& path = file ? *file : kConfigOfRunc;
  if (path.empty()) {
    words.emplace_back("--no-default-config");
  } else if (::access(path.c_str(), R_OK) == 0) {
    add(words, "--config", path);
  }
}

Words common(const char* act, const Options& options, const char* log) {
  Words words{act};
  add_config(words, options.config_file);
  add(words, "--images-dir", options.image_path);
  if (!options.work_path.empty()) add(words, "--work-dir", options.work_path);
  add(words, "--log-file", log);
  words.emplace_back("-v4");
  const std::string& mode = options.manage_cgroups_mode;
  words.push_back("--manage-cgroups=" + (mode.empty() ? "soft" : mode));
  // The network is who runs the container's to set up, now and then.
  add(words, "--empty-ns", "net");
  add_if(words, options.tcp_established, "--tcp-established");
  add_if(words, options.ext_unix_sk, "--ext-unix-sk");
  add_if(words, options.shell_job, "--shell-job");
  add_if(words, options.file_locks, "--file-locks");
  add_if(words, options.auto_dedup, "--auto-dedup");
  add_if(words, options.lazy_pages, "--lazy-pages");
  return words;
}

void add_external(Words& words, const std::string& key, const std::string& name) {
  add(words, "--external", "mnt[" + key + "]:" + name);
}

}  // namespace

std::vector<std::string> dump_words(const DumpOptions& options, const DumpFacts& facts) {
  Words words = common(options.pre_dump ? "pre-dump" : "dump", options, "dump.log");
  add(words, "--tree", std::to_string(facts.pid));
  if (!facts.freezer.empty()) add(words, "--freeze-cgroup", facts.freezer);
  if (!options.parent_path.empty()) add(words, "--prev-images-dir", options.parent_path);
  add_if(words, options.pre_dump || !options.parent_path.empty(), "--track-mem");
  if (options.page_server) {
    words.emplace_back("--page-server");
    add(words, "--address", options.page_server->address);
    add(words, "--port", options.page_server->port);
  }
  if (options.status_fd) add(words, "--status-fd", std::to_string(*options.status_fd));
  if (options.pre_dump) return words;
  add_if(words, options.leave_running, "--leave-running");
  add_if(words, options.tcp_skip_in_flight, "--skip-in-flight");
  add_if(words, options.link_remap, "--link-remap");
  for (const auto& [type, inode] : facts.namespaces) {
    add(words, "--external",
        (type == 'n' ? "net[" : "pid[") + std::to_string(inode) +
            "]:" + (type == 'n' ? kExternalNetwork : kExternalPid));
  }
  for (const auto& mount : facts.mounts) add_external(words, mount.destination, mount.destination);
  for (const std::string& path : facts.masked) add_external(words, path, "/dev/null");
  for (const std::string& file : facts.files) add(words, "--external", file);
  return words;
}

std::vector<std::string> restore_words(const RestoreOptions& options, const RestoreFacts& facts) {
  Words words = common("restore", options, "restore.log");
  add(words, "--root", facts.root);
  add(words, "--pidfile", facts.pid_file);
  // The container's first process becomes the child of who started criu.
  words.insert(words.end(), {"--restore-detached", "--restore-sibling", "--evasive-devices"});
  for (const std::string& group : facts.cgroups) add(words, "--cgroup-root", group);
  if (!options.lsm_profile.empty()) add(words, "--lsm-profile", options.lsm_profile);
  if (!options.lsm_mount_context.empty()) {
    add(words, "--lsm-mount-context", options.lsm_mount_context);
  }
  for (const auto& mount : facts.mounts) add_external(words, mount.destination, mount.source);
  if (facts.masked) add_external(words, "/dev/null", "/dev/null");
  for (const std::string& name : facts.inherited) add(words, "--inherit-fd", name);
  for (const std::string& name : facts.joined) add(words, "--join-ns", name);
  return words;
}

bool is_bind(const spec::Mount& mount) {
  const auto has = [&](const char* option) {
    return std::ranges::find(mount.options, option) != mount.options.end();
  };
  return !has("remount") && (mount.type == "bind" || has("bind") || has("rbind"));
}

std::vector<ExternalMount> external_mounts(const spec::Spec& spec) {
  std::vector<ExternalMount> found;
  for (const spec::Mount& mount : spec.mounts) {
    if (is_bind(mount)) found.push_back({mount.destination, mount.source});
  }
  return found;
}

PageServer parse_page_server(const std::string& text) {
  const size_t colon = text.rfind(':');
  PageServer server;
  if (colon != std::string::npos) {
    server = {text.substr(0, colon), text.substr(colon + 1)};
    if (server.address.starts_with('[') && server.address.ends_with(']')) {
      server.address = server.address.substr(1, server.address.size() - 2);
    }
  }
  unsigned port = 0;
  const char* const end = server.port.data() + server.port.size();
  const auto read = std::from_chars(server.port.data(), end, port);
  if (server.address.empty() || read.ptr != end || port == 0 || port > 65535) {
    throw Error("--page-server: '" + text + "' is not ADDRESS:PORT, a port being 1 to 65535");
  }
  return server;
}

}  // namespace berth::runtime::criu
