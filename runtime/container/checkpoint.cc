// A container's state to files: criu does it, and is told here what it is about.
#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/trace.h"
#include "runtime/cgroup/freezer.h"
#include "runtime/container/checkpoint_request.h"
#include "runtime/container/container.h"
#include "runtime/container/outside.h"
#include "runtime/criu/folders.h"
#include "runtime/criu/program.h"
#include "runtime/process/user_namespace.h"

namespace berth::runtime {
namespace {

constexpr int kEndTries = 1000;  // of 10 ms

std::string freezer_of(const cgroup::Hierarchy& hierarchy, const Record& record) {
  if (record.cgroup.empty()) return "";
  const cgroup::V1Mount* const v1 = hierarchy.v1_of("freezer");
  const std::string& mount = v1 != nullptr ? v1->path : hierarchy.v2;
  return mount.empty() ? "" : mount + "/" + record.cgroup;
}

// criu's command line knows the terminal that it is called from, no other.
bool takes_a_worker(const spec::Spec& spec, const criu::DumpOptions& options) {
  return spec.process && spec.process->terminal && !options.shell_job && !options.pre_dump;
}

}  // namespace

void require_criu_rights(const std::string& what) {
  if (::geteuid() != 0 || !process::in_initial_user_namespace()) {
    throw Error(what + ": this takes root", {}, EPERM);
  }
}

void Container::checkpoint(const CheckpointRequest& request) {
  const std::string step = "checkpoint container '" + record_.id + "'";
  require_criu_rights(step);
  const StateLock lock = lock_and_look_again();
  const Status now = status();
  if (now != Status::running && now != Status::paused) {
    throw Error("cannot " + step + ": it is " + to_string(now));
  }
  try {
    save(request);
  } catch (const Error& e) {
    throw e.within(step);
  }
}

void Container::save(const CheckpointRequest& request) {
  const spec::Spec spec = folder_.configuration();
  criu::DumpOptions options = request.options;
  options.image_path = criu::made_folder("--image-path", options.image_path);
  if (!options.work_path.empty()) {
    options.work_path = criu::made_folder("--work-path", options.work_path);
  }
  if (!options.parent_path.empty()) {
    if (options.parent_path.starts_with('/')) {
      throw Error("--parent-path: '" + options.parent_path + "' is not relative to --image-path");
    }
    (void)criu::existing_folder("--parent-path", options.image_path + "/" + options.parent_path);
  }
  const criu::Program program = criu::Program::find(request.criu);
  if (const auto config = record_.annotations.find("org.criu.config");
      config != record_.annotations.end()) {
    options.config_file = config->second;
  }
  criu::DumpFacts facts{.pid = record_.pid, .freezer = freezer_of(hierarchy(), record_)};
  if (!options.pre_dump) {
    facts.mounts = mounts_outside(spec, record_.rootfs);
    facts.masked = masked_files(spec, record_.pid);
    facts.namespaces = namespaces_outside(spec);
    const criu::Descriptors descriptors = descriptors_of(record_.pid);
    for (const std::string& name : descriptors) {
      if (name.starts_with("file[")) facts.files.push_back(name);
    }
    replace_file(open_dir(AT_FDCWD, options.image_path).get(), criu::kDescriptorsFile,
                 criu::descriptors_json(descriptors), 0600);
  }
  const std::vector<std::string> words = criu::dump_words(options, facts);
  const std::string log = options.log_folder() + "/dump.log";
  if (takes_a_worker(spec, options)) {
    program.run_as_worker(words, log);
  } else {
    program.run(words, log);
  }
  if (tracing()) trace("saved container '" + record_.id + "' in '" + options.image_path + "'");
  if (options.pre_dump || options.leave_running) return;
  (void)open_file(folder_.fd(), kCheckpointed, O_WRONLY | O_CREAT, 0600);
  // v1: what stands still dies when it may go on.
  if (!record_.cgroup.empty()) cgroup::thaw(hierarchy(), record_.cgroup);
  for (int i = 0; i < kEndTries && lives(); ++i) ::usleep(10'000);
}

}  // namespace berth::runtime
