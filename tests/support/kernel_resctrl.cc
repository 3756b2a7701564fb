#include "tests/support/kernel_resctrl.h"

#include <fcntl.h>
#include <sys/mount.h>

#include "base/error.h"
#include "base/file.h"
#include "rdt/schemata.h"

namespace berth::test {

std::string line_in(const std::string& schemata, const std::string& resource) {
  const auto all = rdt::parse_schemata(schemata).resources;
  const auto found = all.find(resource);
  if (found == all.end()) return "no " + resource;
  std::string text = rdt::format_schemata({{{resource, found->second}}});
  text.pop_back();
  return text;
}

std::string schemata_line(const std::string& group, const std::string& resource) {
  return line_in(read_file(AT_FDCWD, std::string(kResctrl) + "/" + group + "/schemata"), resource);
}

void remount_resctrl(const std::string& options) {
  check(::umount(kResctrl), "umount", kResctrl);
  check(::mount("resctrl", kResctrl, "resctrl", 0, options.c_str()), "mount resctrl", options);
}

}  // namespace berth::test
