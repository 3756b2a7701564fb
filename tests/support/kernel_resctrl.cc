#include "tests/support/kernel_resctrl.h"

#include <fcntl.h>
#include <sys/mount.h>

#include "base/error.h"
#include "base/file.h"
#include "rdt/schemata.h"

namespace berth::test {

std::string schemata_line(const std::string& group, const std::string& resource) {
  const std::string path = std::string(kResctrl) + "/" + group + "/schemata";
  const auto all = rdt::parse_schemata(read_file(AT_FDCWD, path)).resources;
  const auto found = all.find(resource);
  if (found == all.end()) return "no " + resource;
  std::string text = rdt::format_schemata({{{resource, found->second}}});
  text.pop_back();
  return text;
}

void remount_resctrl(const std::string& options) {
  check(::umount(kResctrl), "umount", kResctrl);
  check(::mount("resctrl", kResctrl, "resctrl", 0, options.c_str()), "mount resctrl", options);
}

}  // namespace berth::test
