#include "tests/support/kernel_resctrl.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

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
  // A slurmstepd that has given everything back may still have to end.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  int left = ::umount(kResctrl);
  while (left < 0 && errno == EBUSY && std::chrono::steady_clock::now() < end) {
    ::usleep(20'000);
    left = ::umount(kResctrl);
  }
  check(left, "umount", kResctrl);
  check(::mount("resctrl", kResctrl, "resctrl", 0, options.c_str()), "mount resctrl", options);
}

}  // namespace berth::test
