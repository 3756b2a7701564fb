// The few calls of Slurm's that the plugin makes, with C++ types. The only file that includes
// spank.h's functions with their variable arguments.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

extern "C" {
#include <slurm/spank.h>
}

namespace berth::spank {

// Items (spank.h); each throws Error with spank_strerror's text.
uint32_t job_id(spank_t spank);
uint32_t step_id(spank_t spank);
uint32_t node_id(spank_t spank);
uint32_t node_count(spank_t spank);  // of the step
uid_t job_uid(spank_t spank);
gid_t job_gid(spank_t spank);
std::vector<gid_t> supplementary_gids(spank_t spank);
uint32_t local_task_count(spank_t spank);
int local_task_id(spank_t spank);
uint32_t global_task_id(spank_t spank);
pid_t task_pid(spank_t spank);
std::string allocated_cores(spank_t spank);    // abstract core list of the job on this node
uint64_t allocated_memory_mib(spank_t spank);  // of the job on this node; 0: not managed by Slurm

// The command's live array in slurmstepd: what is put into it is what the task executes.
struct Command {
  int count = 0;
  char** words = nullptr;
  std::vector<std::string> copy() const;
};
Command command(spank_t spank);

// The job's environment, as slurmstepd has it.
std::optional<std::string> job_environment(spank_t spank, const std::string& name);
void set_job_environment(spank_t spank, const std::string& name, const std::string& value);

// What slurmctld has on record of a job, asked by a message to it: the job's own environment could
// say anything. Throws Error where it does not answer.
struct JobRecord {
  std::string account, partition;
};
JobRecord job_record(uint32_t job);

// In slurmstepd: the node as slurm.conf calls it, which need not be the host's name. Empty where it
// does not say.
std::string node_name();

// The step ids that are not a user's srun (slurm.h).
bool is_batch_step(uint32_t step);
bool is_extern_step(uint32_t step);
// `0`, `batch`, `interactive`.
std::string step_name(uint32_t step);

}  // namespace berth::spank
