// linux.uidMappings and gidMappings: which ids a new user namespace has, and who may say so.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "runtime/spec/spec.h"

namespace berth::runtime::process {

struct IdMaps {
  std::vector<spec::IdMapping> uids, gids;
};

// As the kernel takes it: `container host size` a line. Pure.
std::string map_text(const std::vector<spec::IdMapping>& map);
std::vector<spec::IdMapping> parse_map(std::string_view text);
bool maps(const std::vector<spec::IdMapping>& map, uint32_t container_id);
// What this id of a container is on the host; nothing where it is not mapped.
std::optional<uint32_t> host_id(const std::vector<spec::IdMapping>& map, uint32_t container_id);
// For messages: `0`, `0 to 65535`.
std::string describe(const std::vector<spec::IdMapping>& map);

// `uid_map` or `gid_map` of this process' user namespace.
std::vector<spec::IdMapping> read_own_map(const char* name);

// One id each, and it is this process' own: what a process without rights may map by itself.
bool own_id_only(const IdMaps& maps);
// From inside the new namespace, own_id_only maps alone. Gives up setgroups(2), as the kernel asks.
void write_own_maps(const IdMaps& maps);

// Maps of ranges must come from outside: a child that is made before the namespace stays there,
// writes this process' maps when told (as root by itself, else by newuidmap and newgidmap) and
// ends.
class MapWriter {
 public:
  explicit MapWriter(const IdMaps& maps);
  ~MapWriter();
  MapWriter(const MapWriter&) = delete;
  MapWriter& operator=(const MapWriter&) = delete;
  void write();

 private:
  pid_t child_ = -1;
  UniqueFd socket_;
};

}  // namespace berth::runtime::process
