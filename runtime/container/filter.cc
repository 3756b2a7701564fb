// A start's seccomp filter, and what its agent hears of it.
#include <unistd.h>

#include "runtime/container/start.h"
#include "runtime/process/seccomp_agent.h"
#include "runtime/state/process_state.h"

namespace berth::runtime {

void Start::connect_agent() {
  if (!seccomp_ || !seccomp_->notifies()) return;
  agent_ = process::connect_agent(entry_.spec.linux_.seccomp->listener_path);
}

void Start::load_filter(const Stops& stops) {
  if (!seccomp_->notifies()) return seccomp_->load();
  if (stops.agent) agent_ = stops.agent();
  const bool forks_later = !entry_.spec.hooks.start_container.empty();
  process::load_for_agent(*seccomp_, std::move(agent_), process_state(), forks_later);
}

std::string Start::process_state() const {
  const pid_t pid = host_pid_ > 0 ? host_pid_ : ::getpid();
  std::string state;
  if (entry_.container) {
    state = entry_.container->state;
  } else if (entry_.state) {
    state = entry_.state(pid, Status::created);
  } else {
    Record record;
    record.id = entry_.id;
    record.oci_version = entry_.spec.oci_version;
    record.bundle = bundle_path_;
    record.pid = pid;
    record.annotations = entry_.spec.annotations;
    state = state_json(record, Status::creating);
  }
  return process_state_json(pid, entry_.spec.linux_.seccomp->listener_metadata, state);
}

}  // namespace berth::runtime
