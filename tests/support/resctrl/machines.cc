#include "tests/support/resctrl/machines.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <cstdio>

#include "base/error.h"
#include "base/file.h"

namespace berth::test::resctrl {

namespace {

// Its info files, but the status.
std::map<std::string, std::string> info_of(Target& target) {
  std::map<std::string, std::string> result;
  for (const std::string& folder : target.list("info").names) {
    if (folder == "last_cmd_status") continue;
    for (const std::string& file : target.list("info/" + folder).names) {
      const std::string path = "info/" + folder + '/' + file;
      result[path] = target.read(path).text;
    }
  }
  return result;
}

}  // namespace

std::map<std::string, Processor> machines() {
  std::map<std::string, Processor> result;
  Processor& normal = result["default"] = guest();
  normal.monitor->rmids = 1000;  // enough for all vectors: each is in limbo for a second
  normal.monitor->unit = 64;

  Processor& few = result["few"] = guest();
  few.l3->ways = 20;
  few.l3->closids = 4;
  few.l3->shareable = 0xc0001;
  few.l3->cdp = false;
  few.l3->bytes = few.monitor->limit = 20 << 20;
  few.monitor->rmids = 8;
  few.mb.reset();

  result["bandwidth"] = guest();
  result["bandwidth"].l3.reset();
  result["bandwidth"].monitor->limit = 16 << 20;

  result["monitor"] = result["bandwidth"];
  result["monitor"].mb.reset();
  return result;
}

std::string machine_of(Target& target) {
  const auto info = info_of(target);
  for (const auto& [name, processor] : machines()) {
    const auto model = model_target(processor, Profile(Kernel::v6_1));
    model->reset({});
    if (info_of(*model) == info) return name;
  }
  for (const auto& [path, text] : info) printf("%s: %s", path.c_str(), text.c_str());
  return "";
}

std::string why_not_kernel(const std::string& path) {
  struct statfs there {};
  if (::statfs(path.c_str(), &there) != 0 || there.f_type != RDTGROUP_SUPER_MAGIC) {
    return path + ": " + errno_text(ENOENT);
  }
  const std::vector<std::string> own = {"info", "mon_data", "mon_groups"};
  const auto folders = list_subdirectories(open_dir(AT_FDCWD, path).get());
  return folders == own ? "" : path + " is in use";
}

}  // namespace berth::test::resctrl
