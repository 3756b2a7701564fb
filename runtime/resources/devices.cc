#include "runtime/resources/devices.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "runtime/cgroup/directory.h"
#include "runtime/resources/device_program.h"
#include "runtime/resources/device_rules.h"

namespace berth::runtime::resources {
namespace {

const std::string kKey = "linux.resources.devices: ";

long bpf(bpf_cmd command, bpf_attr& attributes) {
  return ::syscall(SYS_bpf, command, &attributes, sizeof attributes);
}

UniqueFd load_program(const std::vector<bpf_insn>& program) {
  static constexpr char kLicense[] = "Apache-2.0";
  bpf_attr attributes{};
  attributes.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attributes.insns = reinterpret_cast<uint64_t>(program.data());
  attributes.insn_cnt = static_cast<uint32_t>(program.size());
  attributes.license = reinterpret_cast<uint64_t>(kLicense);
  const long fd = bpf(BPF_PROG_LOAD, attributes);
  return UniqueFd(static_cast<int>(check(fd, kKey + "load a BPF program")));
}

std::vector<UniqueFd> attached_programs(int group) {
  std::array<uint32_t, 64> ids{};
  bpf_attr query{};
  query.query.target_fd = static_cast<uint32_t>(group);
  query.query.attach_type = BPF_CGROUP_DEVICE;
  query.query.prog_ids = reinterpret_cast<uint64_t>(ids.data());
  query.query.prog_cnt = ids.size();
  check(bpf(BPF_PROG_QUERY, query), kKey + "query BPF programs");
  std::vector<UniqueFd> programs;
  for (uint32_t i = 0; i < query.query.prog_cnt; ++i) {
    bpf_attr of{};
    of.prog_id = ids[i];
    const long fd = bpf(BPF_PROG_GET_FD_BY_ID, of);
    if (fd < 0 && errno == ENOENT) continue;  // detached meanwhile
    programs.emplace_back(static_cast<int>(check(fd, kKey + "open a BPF program")));
  }
  return programs;
}

bpf_attr attachment(int group, int program) {
  bpf_attr attributes{};
  attributes.target_fd = static_cast<uint32_t>(group);
  attributes.attach_bpf_fd = static_cast<uint32_t>(program);
  attributes.attach_type = BPF_CGROUP_DEVICE;
  return attributes;
}

// Every attached program must agree: the new one comes before the old ones go, so that at no time
// is anything allowed that neither would.
void replace_programs(int group, const UniqueFd& program) {
  const std::vector<UniqueFd> before = attached_programs(group);
  bpf_attr attach = attachment(group, program.get());
  attach.attach_flags = BPF_F_ALLOW_MULTI;  // groups above and below may have theirs
  check(bpf(BPF_PROG_ATTACH, attach), kKey + "attach a BPF program");
  for (const UniqueFd& old : before) {
    bpf_attr detach = attachment(group, old.get());
    check(bpf(BPF_PROG_DETACH, detach), kKey + "detach a BPF program");
  }
}

void write_v1(int group, const std::vector<DeviceWrite>& writes) {
  UniqueFd file;
  std::string name;
  for (const DeviceWrite& write : writes) {
    try {
      if (write.file != name) file = open_file(group, write.file, O_WRONLY);
      name = write.file;
      write_once(file.get(), write.value, name);
    } catch (const Error& e) {
      throw Error(kKey + "set " + write.file + " to", write.value, e.code());
    }
  }
}

}  // namespace

void restrict_devices(const cgroup::Hierarchy& hierarchy, const std::string& path,
                      const std::vector<spec::DeviceRule>& wished) {
  if (hierarchy.v1_of("devices") != nullptr) {
    const std::vector<DeviceWrite> writes = v1_device_writes(wished);
    write_v1(cgroup::open_directory(hierarchy, "devices", path).get(), writes);
  } else if (!hierarchy.v2.empty()) {
    const UniqueFd group = cgroup::open_directory(hierarchy, "", path);
    replace_programs(group.get(), load_program(device_program(device_rules(wished))));
  } else {
    throw Error(kKey + "this host has neither the controller 'devices' nor cgroup v2");
  }
}

}  // namespace berth::runtime::resources
