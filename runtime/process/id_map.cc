// It stands directly after the user namespace was made: without a map no id in it is valid, and
// what is made then (an IPC namespace's mount) belongs to nobody for ever.
#include "runtime/process/id_map.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/run_program.h"

namespace berth::runtime::process {
namespace {

// Runs newuidmap or newgidmap (setuid programs that know /etc/subuid) and passes on what it says.
void run_map_program(const char* program, pid_t pid, const std::vector<spec::IdMapping>& map) {
  std::vector<std::string> args{program, std::to_string(pid)};
  for (const spec::IdMapping& m : map) {
    for (const uint32_t n : {m.container_id, m.host_id, m.size}) args.push_back(std::to_string(n));
  }
  Finished finished;
  try {
    finished = run_program(args);
  } catch (const Error& e) {
    throw e.with_note("mapping more than one's own id takes it");
  }
  std::string said = std::move(finished.output);
  if (finished.status == 0) return;
  while (said.ends_with('\n')) said.pop_back();
  throw Error(fmt::format("map ids by {} ({}): {}", program, describe(map), said));
}

// As the mounted /proc counts: the first process of a PID namespace is still in the host's.
pid_t pid_in_proc() {
  char text[16] = {};
  check(::readlink("/proc/self", text, sizeof text - 1), "read link", "/proc/self");
  return static_cast<pid_t>(std::atoi(text));
}

void write_map(pid_t pid, const char* name, const char* program,
               const std::vector<spec::IdMapping>& map) {
  const std::string file = fmt::format("/proc/{}/{}", pid, name);
  // What the kernel lets only a privileged writer do, the setuid program is there for.
  if (::geteuid() == 0) {
    write_file(AT_FDCWD, file, map_text(map));
  } else {
    run_map_program(program, pid, map);
  }
}

// The writer's whole life; its answer is what went wrong, `ok` for nothing.
std::string serve(int socket, pid_t target, const IdMaps& maps) {
  if (receive_message(socket).bytes.empty()) return {};  // the namespace was never made
  try {
    write_map(target, "gid_map", "newgidmap", maps.gids);
    write_map(target, "uid_map", "newuidmap", maps.uids);
    return "ok";
  } catch (const Error& e) {
    return e.message();
  }
}

}  // namespace

std::string map_text(const std::vector<spec::IdMapping>& map) {
  std::string text;
  for (const spec::IdMapping& m : map) {
    text += fmt::format("{} {} {}\n", m.container_id, m.host_id, m.size);
  }
  return text;
}

std::vector<spec::IdMapping> parse_map(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<spec::IdMapping> map;
  for (spec::IdMapping m; in >> m.container_id >> m.host_id >> m.size;) map.push_back(m);
  return map;
}

std::optional<uint32_t> host_id(const std::vector<spec::IdMapping>& map, uint32_t container_id) {
  for (const spec::IdMapping& line : map) {
    if (container_id >= line.container_id && container_id - line.container_id < line.size) {
      return line.host_id + (container_id - line.container_id);
    }
  }
  return std::nullopt;
}

bool maps(const std::vector<spec::IdMapping>& map, uint32_t container_id) {
  for (const spec::IdMapping& m : map) {
    if (container_id >= m.container_id && container_id - m.container_id < m.size) return true;
  }
  return false;
}

std::string describe(const std::vector<spec::IdMapping>& map) {
  std::vector<std::string> parts;
  for (const spec::IdMapping& m : map) {
    parts.push_back(m.size == 1 ? std::to_string(m.container_id)
                                : fmt::format("{} to {}", m.container_id,
                                              uint64_t{m.container_id} + m.size - 1));
  }
  return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<spec::IdMapping> read_own_map(const char* name) {
  return parse_map(read_file(AT_FDCWD, std::string("/proc/self/") + name));
}

bool own_id_only(const IdMaps& maps) {
  return maps.uids.size() == 1 && maps.uids[0].size == 1 && maps.uids[0].host_id == ::geteuid() &&
         maps.gids.size() == 1 && maps.gids[0].size == 1 && maps.gids[0].host_id == ::getegid();
}

void write_own_maps(const IdMaps& maps) {
  write_file(AT_FDCWD, "/proc/self/setgroups", "deny");
  write_file(AT_FDCWD, "/proc/self/gid_map", map_text(maps.gids));
  write_file(AT_FDCWD, "/proc/self/uid_map", map_text(maps.uids));
}

MapWriter::MapWriter(const IdMaps& maps) {
  SocketPair pair = socket_pair();
  const pid_t target = pid_in_proc();
  child_ = check(::fork(), "fork the writer of id maps");
  if (child_ == 0) {
    pair.first.reset();
    try {
      const std::string answer = serve(pair.second.get(), target, maps);
      if (!answer.empty()) send_message(pair.second.get(), answer);
    } catch (...) {
      ::_exit(1);  // the other end sees the socket close
    }
    ::_exit(0);
  }
  socket_ = std::move(pair.first);
}

MapWriter::~MapWriter() {
  socket_.reset();
  while (child_ > 0 && ::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void MapWriter::write() {
  send_message(socket_.get(), "write");
  const std::string answer = receive_message(socket_.get()).bytes;
  if (answer.empty()) throw Error("write id maps: the writer died");
  if (answer != "ok") throw Error(answer);
}

}  // namespace berth::runtime::process
