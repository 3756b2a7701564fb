#include "tests/conformance/differential/view_cases.h"

#include <string_view>

namespace berth::test {
namespace {

using nlohmann::json;

void remove_namespace(json& config, std::string_view type) {
  json& namespaces = config["linux"]["namespaces"];
  for (auto ns = namespaces.begin(); ns != namespaces.end(); ++ns) {
    if ((*ns)["type"] == type) {
      namespaces.erase(ns);
      return;
    }
  }
}

void terminal(json& config) {
  config["process"]["terminal"] = true;
}

void user(json& config) {
  config["process"]["user"] = {
      {"uid", 1234}, {"gid", 567}, {"umask", 027}, {"additionalGids", {10, 20, 5}}};
}

void capabilities(json& config) {
  user(config);
  json& sets = config["process"]["capabilities"];
  sets["inheritable"] = {"CAP_NET_BIND_SERVICE", "CAP_CHOWN"};
  sets["permitted"] = sets["effective"] =
      sets["bounding"] = {"CAP_NET_BIND_SERVICE", "CAP_CHOWN", "CAP_KILL"};
  sets["ambient"] = {"CAP_NET_BIND_SERVICE"};
}

void rlimits(json& config) {
  config["process"]["rlimits"] = {
      {{"type", "RLIMIT_NOFILE"}, {"soft", 100}, {"hard", 200}},
      {{"type", "RLIMIT_CORE"}, {"soft", 0}, {"hard", 0}},
      {{"type", "RLIMIT_STACK"}, {"soft", 1 << 20}, {"hard", 1 << 23}},
      {{"type", "RLIMIT_MSGQUEUE"}, {"soft", 1000}, {"hard", 2000}},
  };
}

void own_paths(json& config) {
  config["linux"]["maskedPaths"] = {"/proc/version", "/proc/tty", "/etc/passwd", "/absent"};
  config["linux"]["readonlyPaths"] = {"/etc", "/proc/sysrq-trigger", "/proc/sys", "/absent"};
}

void user_namespace(json& config) {
  config["linux"]["namespaces"].push_back({{"type", "user"}});
  for (const char* map : {"uidMappings", "gidMappings"}) {
    config["linux"][map] = {{{"containerID", 0}, {"hostID", 100000}, {"size", 1000}},
                            {{"containerID", 2000}, {"hostID", 200000}, {"size", 10}}};
  }
}

// `runc spec` writes it on v2 alone.
void own_cgroups(json& config) {
  remove_namespace(config, "cgroup");
  config["linux"]["namespaces"].push_back({{"type", "cgroup"}});
}

void rootless(json& config) {
  remove_namespace(config, "network");
  remove_namespace(config, "cgroup");
  config["linux"]["namespaces"].push_back({{"type", "user"}});
  for (const char* map : {"uidMappings", "gidMappings"}) {
    config["linux"][map] = {{{"containerID", 0}, {"hostID", 1000}, {"size", 1}}};
  }
  config["linux"].erase("resources");
  config["linux"].erase("cgroupsPath");
  for (auto mount = config["mounts"].begin(); mount != config["mounts"].end();) {
    json& options = (*mount)["options"];
    for (auto option = options.begin(); option != options.end();) {
      option = *option == "gid=5" ? options.erase(option) : option + 1;
    }
    if ((*mount)["destination"] == "/sys") {
      (*mount)["type"] = "none";
      (*mount)["source"] = "/sys";
      options = {"rbind", "nosuid", "noexec", "nodev", "ro"};
    }
    mount = (*mount)["destination"] == "/sys/fs/cgroup" ? config["mounts"].erase(mount) : mount + 1;
  }
}

void devices(json& config) {
  config["linux"]["devices"] = {
      {{"path", "/dev/odd"},
       {"type", "c"},
       {"major", 1},
       {"minor", 3},
       {"fileMode", 0640},
       {"uid", 12},
       {"gid", 34}},
      {{"path", "/dev/deep/er/odd"}, {"type", "c"}, {"major", 1}, {"minor", 5}},
      {{"path", "/dev/pipe"}, {"type", "p"}, {"fileMode", 0600}},
  };
}

void mounts(json& config) {
  const auto add = [&](const char* destination, const char* type, const char* source,
                       std::vector<std::string> options) {
    config["mounts"].push_back(
        {{"destination", destination}, {"type", type}, {"source", source}, {"options", options}});
  };
  add("/mnt/a", "tmpfs", "tmpfs", {"size=1m", "mode=0711", "noatime", "uid=3", "gid=4"});
  add("/mnt/b", "tmpfs", "word", {"ro", "nosuid", "nodev", "noexec"});
  add("/mnt/c", "bind", "/usr", {"bind", "ro", "nosuid"});
  add("/mnt/d", "bind", "/sys/fs/cgroup", {"rbind", "rro"});
  add("/mnt/e", "", "/usr", {"rbind", "rslave", "nodev"});
  add("/mnt/f", "none", "/tmp", {"bind", "shared"});
  add("/etc/new/file", "bind", "/etc/passwd", {"bind", "ro"});
  add("/tmp", "tmpfs", "tmpfs", {"tmpcopyup"});
}

void resources(json& config) {
  json& resources = config["linux"]["resources"];
  resources["memory"] = {{"limit", 64 << 20}, {"reservation", 32 << 20}};
  resources["cpu"] = {{"shares", 512}, {"quota", 50000}, {"period", 100000}, {"cpus", "0"}};
  resources["pids"] = {{"limit", 77}};
  resources["devices"].push_back(
      {{"allow", true}, {"type", "c"}, {"major", 10}, {"minor", 229}, {"access", "rw"}});
}

void process_facts(json& config) {
  json& process = config["process"];
  process["noNewPrivileges"] = false;
  process["oomScoreAdj"] = 321;
  process["cwd"] = "/var/tmp";
  process["env"] = {"PATH=/bin", "B=2", "A=1", "B=3", "EMPTY=", "TERM=dumb"};
  config["hostname"] = "own-name";
  config["linux"]["sysctl"] = {{"net.ipv4.ip_unprivileged_port_start", "80"},
                               {"kernel.shmmni", "123"}};
}

void seccomp(json& config) {
  config["linux"]["seccomp"] = {
      {"defaultAction", "SCMP_ACT_ALLOW"},
      {"architectures", {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86"}},
      {"syscalls",
       {{{"names", {"getcwd"}}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", 5}},
        {{"names", {"keyctl"}}, {"action", "SCMP_ACT_ERRNO"}}}}};
}

void no_namespaces(json& config) {
  config["linux"]["namespaces"] = {{{"type", "mount"}}};
  config.erase("hostname");
}

std::vector<ViewCase> made() {
  const auto propagation = [](const char* kind) {
    return [kind](json& config) { config["linux"]["rootfsPropagation"] = kind; };
  };
  return {
      {.name = "default"},
      {.name = "detached", .how = How::detached},
      {.name = "preserved descriptors", .how = How::detached, .options = {"--preserve-fds", "2"}},
      {.name = "terminal", .change = terminal, .how = How::terminal},
      {.name = "sized terminal",
       .change =
           [](json& config) {
             terminal(config);
             config["process"]["consoleSize"] = {{"height", 44}, {"width", 55}};
           },
       .how = How::terminal},
      {.name = "user on a terminal",
       .change =
           [](json& config) {
             terminal(config);
             user(config);
           },
       .how = How::terminal},
      {.name = "writable root", .change = [](json& config) { config["root"]["readonly"] = false; }},
      {.name = "user", .change = user},
      {.name = "capabilities", .change = capabilities},
      {.name = "no capabilities",
       .change = [](json& config) { config["process"].erase("capabilities"); }},
      {.name = "rlimits", .change = rlimits},
      {.name = "own paths", .change = own_paths},
      {.name = "no paths",
       .change =
           [](json& config) {
             config["linux"].erase("maskedPaths");
             config["linux"].erase("readonlyPaths");
           }},
      {.name = "cgroup namespace", .change = own_cgroups},
      {.name = "no cgroup path",
       .change = [](json& config) { config["linux"].erase("cgroupsPath"); }},
      {.name = "host's network",
       .change = [](json& config) { remove_namespace(config, "network"); }},
      {.name = "host's IPC", .change = [](json& config) { remove_namespace(config, "ipc"); }},
      {.name = "host's processes", .change = [](json& config) { remove_namespace(config, "pid"); }},
      {.name = "mount namespace alone", .change = no_namespaces},
      {.name = "user namespace", .change = user_namespace},
      {.name = "user in a user namespace",
       .change =
           [](json& config) {
             user_namespace(config);
             config["process"]["user"] = {{"uid", 2003}, {"gid", 33}, {"additionalGids", {7}}};
           }},
      {.name = "plain user", .change = rootless, .how = How::plain_user},
      {.name = "devices", .change = devices},
      {.name = "mounts", .change = mounts},
      {.name = "resources", .change = resources},
      {.name = "process", .change = process_facts},
      {.name = "seccomp", .change = seccomp},
      {.name = "shared root", .change = propagation("shared")},
      {.name = "slave root", .change = propagation("slave")},
      {.name = "private root", .change = propagation("private")},
      {.name = "no new keyring", .options = {"--no-new-keyring"}},
      {.name = "no pivot", .options = {"--no-pivot"}},
      {.name = "exec", .how = How::exec},
      {.name = "exec without a keyring", .how = How::exec, .first_options = {"--no-new-keyring"}},
      {.name = "exec in a cgroup namespace", .change = own_cgroups, .how = How::exec},
      {.name = "exec on a terminal", .how = How::exec_on_terminal, .options = {"-t"}},
      {.name = "exec as a user",
       .how = How::exec,
       .options = {"-u", "1234:567", "-g", "10", "-g", "20", "--cwd", "/tmp", "-e", "A=1"}},
      {.name = "exec with a capability",
       .how = How::exec,
       .options = {"-c", "CAP_NET_ADMIN", "--no-new-privs"}},
      {.name = "exec by the user's own settings", .change = capabilities, .how = How::exec},
      {.name = "exec with limits", .change = rlimits, .how = How::exec},
      {.name = "exec in a user namespace", .change = user_namespace, .how = How::exec},
      {.name = "exec behind seccomp", .change = seccomp, .how = How::exec},
  };
}

}  // namespace

const std::vector<ViewCase>& view_cases() {
  static const std::vector<ViewCase> cases = made();
  return cases;
}

}  // namespace berth::test
