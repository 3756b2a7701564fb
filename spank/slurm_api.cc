#include "spank/slurm_api.h"

#include <linux/limits.h>

#include <cstdlib>
#include <memory>

extern "C" {
#include <slurm/slurm.h>
}

#include "base/error.h"

namespace berth::spank {
namespace {

void require(spank_err_t rc, const std::string& call, std::string_view object) {
  if (rc == ESPANK_SUCCESS) return;
  throw Error(call + " '" + std::string(object) + "': " + spank_strerror(rc));
}

// SPANK's items are C varargs: what each of them writes is said where it is asked for.
struct Item {
  spank_item_t which;
  const char* name;
};

template <class... Out>
void get(spank_t spank, Item item, Out&... out) {
  require(spank_get_item(spank, item.which, &out...), "spank_get_item", item.name);
}

template <class T>
T value_of(spank_t spank, Item item) {
  T value{};
  get(spank, item, value);
  return value;
}

}  // namespace

uint32_t job_id(spank_t spank) {
  return value_of<uint32_t>(spank, {S_JOB_ID, "S_JOB_ID"});
}
uint32_t step_id(spank_t spank) {
  return value_of<uint32_t>(spank, {S_JOB_STEPID, "S_JOB_STEPID"});
}
uint32_t node_id(spank_t spank) {
  return value_of<uint32_t>(spank, {S_JOB_NODEID, "S_JOB_NODEID"});
}
uint32_t node_count(spank_t spank) {
  return value_of<uint32_t>(spank, {S_JOB_NNODES, "S_JOB_NNODES"});
}
uid_t job_uid(spank_t spank) {
  return value_of<uid_t>(spank, {S_JOB_UID, "S_JOB_UID"});
}
gid_t job_gid(spank_t spank) {
  return value_of<gid_t>(spank, {S_JOB_GID, "S_JOB_GID"});
}
int local_task_id(spank_t spank) {
  return value_of<int>(spank, {S_TASK_ID, "S_TASK_ID"});
}
pid_t task_pid(spank_t spank) {
  return value_of<pid_t>(spank, {S_TASK_PID, "S_TASK_PID"});
}
uint32_t local_task_count(spank_t spank) {
  return value_of<uint32_t>(spank, {S_JOB_LOCAL_TASK_COUNT, "S_JOB_LOCAL_TASK_COUNT"});
}
uint32_t global_task_id(spank_t spank) {
  return value_of<uint32_t>(spank, {S_TASK_GLOBAL_ID, "S_TASK_GLOBAL_ID"});
}
uint64_t allocated_memory_mib(spank_t spank) {
  return value_of<uint64_t>(spank, {S_JOB_ALLOC_MEM, "S_JOB_ALLOC_MEM"});
}

std::string allocated_cores(spank_t spank) {
  const char* list = value_of<char*>(spank, {S_JOB_ALLOC_CORES, "S_JOB_ALLOC_CORES"});
  return list == nullptr ? "" : list;
}

std::vector<gid_t> supplementary_gids(spank_t spank) {
  gid_t* gids = nullptr;
  int count = 0;
  get(spank, {S_JOB_SUPPLEMENTARY_GIDS, "S_JOB_SUPPLEMENTARY_GIDS"}, gids, count);
  return {gids, gids + count};
}

Command command(spank_t spank) {
  Command result;
  get(spank, {S_JOB_ARGV, "S_JOB_ARGV"}, result.count, result.words);
  return result;
}

std::vector<std::string> Command::copy() const {
  return {words, words + count};
}

std::optional<std::string> job_environment(spank_t spank, const std::string& name) {
  std::string value(PATH_MAX, '\0');
  for (;;) {
    const spank_err_t rc =
        spank_getenv(spank, name.c_str(), value.data(), static_cast<int>(value.size()));
    if (rc == ESPANK_SUCCESS) {
      value.resize(value.find('\0'));
      return value;
    }
    if (rc != ESPANK_NOSPACE) return std::nullopt;
    value.resize(value.size() * 2);
  }
}

void set_job_environment(spank_t spank, const std::string& name, const std::string& value) {
  require(spank_setenv(spank, name.c_str(), value.c_str(), 1), "spank_setenv", name);
}

JobRecord job_record(uint32_t job) {
  job_info_msg_t* answer = nullptr;
  if (slurm_load_job(&answer, job, 0) != SLURM_SUCCESS) {
    throw Error("slurmctld says nothing of job " + std::to_string(job) +
                ", and the policy's rules look at its account and partition");
  }
  const std::unique_ptr<job_info_msg_t, void (*)(job_info_msg_t*)> owner(answer,
                                                                         slurm_free_job_info_msg);
  JobRecord record;
  if (answer->record_count > 0) {
    const slurm_job_info_t& info = answer->job_array[0];
    record.account = info.account == nullptr ? "" : info.account;
    record.partition = info.partition == nullptr ? "" : info.partition;
  }
  return record;
}

std::string node_name() {
  // slurmstepd's own environment, which it sets itself: no user's.
  const char* name = ::getenv("SLURMD_NODENAME");
  return name == nullptr ? "" : name;
}

bool is_batch_step(uint32_t step) {
  return step == SLURM_BATCH_SCRIPT;
}

bool is_extern_step(uint32_t step) {
  return step == SLURM_EXTERN_CONT;
}

std::string step_name(uint32_t step) {
  if (is_batch_step(step)) return "batch";
  if (is_extern_step(step)) return "extern";
  if (step == SLURM_INTERACTIVE_STEP) return "interactive";
  return std::to_string(step);
}

}  // namespace berth::spank
