// The CPUs of a container's processes: process.execCPUAffinity for those that join it; else, for
// the OCI runtime's verbs, all of the cpuset's, and in a job of a batch system those that it has
// chosen.
#pragma once

#include <string>
#include <vector>

namespace berth::runtime::process {

// `key` is for the message. As many CPUs as the kernel has numbers for.
void set_cpu_affinity(const std::vector<unsigned>& cpus, const char* key);
// `0x6` for 1 and 2. `cpus` ascends.
std::string cpu_mask_text(const std::vector<unsigned>& cpus);

// All CPUs that the cpuset has, whatever this process had: as other OCI runtimes start a program.
void take_all_cpus();
// Whether this process is a Slurm job's, by its environment or the program's: which CPUs it has is
// Slurm's to say. slurmstepd, with an oci.conf, has its runtime called without the job's variables
// and puts them into the configuration.
bool in_slurm_job(const std::vector<std::string>& program_environment);

}  // namespace berth::runtime::process
