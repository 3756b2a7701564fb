// srun, sbatch and salloc: syntax of the wishes, the bundle's real path; errors reach the user
// before the job queues. Runs as the user.
#pragma once

#include "spank/slurm_api.h"
#include "spank/step.h"

namespace berth::spank {

// slurm_spank_init: forgets what an outer job left in the environment.
void begin_submit();
// slurm_spank_init_post_opt: checks the options and publishes them to slurmstepd. Throws Error.
void publish_request(const Options& options);

// Variables by which the request travels (see launcher/environment.h on their prefix).
inline constexpr const char* kContainerVariable = "SLURM_CONTAINER";  // srun's own, as typed
inline constexpr const char* kBundleVariable = "SLURM_BERTH_BUNDLE";
inline constexpr const char* kExportVariable = "SLURM_BERTH_EXPORT";
inline constexpr const char* kChdirVariable = "SLURM_BERTH_CHDIR";

}  // namespace berth::spank
