#include "launcher/verbs/launch_service.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "launcher/claims.h"

namespace berth::launcher {
namespace {

namespace service = runtime::service;

constexpr const char* kFolders = "services";  // below the state directory
constexpr const char* kHolder = "holder";

std::vector<std::string> take_back(int folders, const std::string& name, bool cgroups_too) {
  const UniqueFd folder = open_dir(folders, name);
  std::vector<std::string> left = service::take_back(service::read_acts(folder.get()), cgroups_too);
  for (const std::string& file : list_dir(folder.get())) ::unlinkat(folder.get(), file.c_str(), 0);
  check(::unlinkat(folders, name.c_str(), AT_REMOVEDIR), "remove", name);
  return left;
}

UniqueFd open_folders() {
  make_dir(AT_FDCWD, kStateDir, 0755);
  const UniqueFd state = open_dir(AT_FDCWD, kStateDir);
  make_dir(state.get(), kFolders, 0700);
  return open_dir(state.get(), kFolders);
}

bool holder_lives(int folders, const std::string& name) {
  const UniqueFd folder = open_dir(folders, name);
  const auto text = read_file_if_exists(folder.get(), kHolder);
  Holder holder;
  std::istringstream in(text.value_or(""));
  return in >> holder.pid >> holder.start_time && holder.alive();
}

}  // namespace

std::unique_ptr<LaunchService> LaunchService::begin(int bundle_dir, const std::string& bundle,
                                                    const std::string& name, const Policy& policy,
                                                    const runtime::spec::Spec& spec,
                                                    unsigned tasks) {
  if (!service::has_service(bundle_dir)) return nullptr;
  const std::string what = "bundle '" + bundle + "': runtime.json: ";
  if (::geteuid() != 0) throw Error(what + "for root alone: it changes the host");
  if (!policy.runtime_json) throw Error(what + "the policy's runtimeJson is false");
  auto wanted = service::load_service(bundle_dir, bundle).value();
  if (tasks > 1 && (!wanted.namespaces.empty() || wanted.has_network())) {
    throw Error(what + "bindNS and interfaces: of one task, and not of " + std::to_string(tasks));
  }
  return std::unique_ptr<LaunchService>(new LaunchService(name, std::move(wanted), spec));
}

LaunchService::LaunchService(std::string name, service::Service wanted,
                             const runtime::spec::Spec& spec)
    : name_(std::move(name)), wanted_(std::move(wanted)), network_(spec, &wanted_) {
  const UniqueFd folders = open_folders();
  make_dir(folders.get(), name_, 0700);
  try {
    folder_ = open_dir(folders.get(), name_);
    const Holder self = Holder::self();
    replace_file(folder_.get(), kHolder,
                 std::to_string(self.pid) + " " + std::to_string(self.start_time) + "\n", 0600,
                 /*through_a_crash=*/false);
    service::make_ready(wanted_, acts_.emplace(folder_.get()));
  } catch (const Error& error) {
    std::string left;
    for (const std::string& line : take_back(folders.get(), name_, true)) left += "; " + line;
    if (left.empty()) throw;
    throw error.with_note(left.substr(2));
  }
}

LaunchService::~LaunchService() {
  try {
    for (const std::string& line : network_.give_back()) {
      std::fprintf(stderr, "berth: %s\n", line.c_str());
    }
    for (const std::string& line : take_back(open_folders().get(), name_, cgroups_too_)) {
      std::fprintf(stderr, "berth: %s\n", line.c_str());
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "berth: %s (berth reap tries again)\n", error.what());
  }
}

void LaunchService::make_network(pid_t first_task) {
  network_.make(first_task, &*acts_);
}

void LaunchService::surround(pid_t first_task) {
  service::surround(wanted_, first_task, *acts_);
}

std::vector<std::string> reap_launch_services() {
  std::vector<std::string> done;
  const auto folders = open_dir_if_exists(AT_FDCWD, std::string(kStateDir) + "/" + kFolders);
  if (!folders) return done;
  for (const std::string& name : list_dir(folders->get())) {
    try {
      if (holder_lives(folders->get(), name)) continue;
      const std::vector<std::string> left = take_back(folders->get(), name, false);
      done.push_back("took back what the runtime.json of '" + name + "' had made");
      done.insert(done.end(), left.begin(), left.end());
    } catch (const std::exception& error) {
      done.push_back("could not take back the runtime.json of '" + name + "': " + error.what());
    }
  }
  return done;
}

}  // namespace berth::launcher
