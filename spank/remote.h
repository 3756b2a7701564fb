// slurmstepd: from the request to the tasks' launchers, and the end of what was made for them.
#pragma once

#include "spank/slurm_api.h"
#include "spank/step.h"

namespace berth::spank {

// init_post_opt, root. argc and argv are plugstack.conf's arguments: looked at only where something
// was asked.
void begin_step(spank_t spank, Step& step, int argc, char** argv);
void take_user_namespace(Step& step);        // user_init, effective id lowered
void start_task(spank_t spank, Step& step);  // task_post_fork, root; the task waits
void hand_over(spank_t spank, Step& step);   // task_init, in the task's process, as the user
void end_task(spank_t spank, Step& step);    // task_exit, root
void end_step(Step& step);                   // exit, root
void end_job(spank_t spank);                 // job_epilog, root
void reap_dead_jobs();                       // slurmd's init, root

}  // namespace berth::spank
