// This program's own file. A process that enters a container is that file to the container's
// processes (/proc/PID/exe), and what they could write to there would run on the host, as root, the
// next time (CVE-2019-5736).
#pragma once

namespace berth::runtime::process {

// Executes this program anew, with the same words, environment and descriptors, from where nobody
// can write to it: a read-only mount of its file that is nowhere in the tree, or, where this
// process may make no mount, a sealed copy in memory. Returns where that is so already, and where
// this process could not write to the file, so that no container of it can. To be called first:
// with one thread, and before a cgroup that would pay for the copy is joined. Throws Error where it
// can neither.
void seal_program(char** argv);

// Executes the program at `path` from a read-only mount of its file. Returns where that cannot be
// done.
void execute_readonly(const char* path, char* const* argv, char* const* environment) noexcept;

// The usual case of it by four calls, for before the program's constructors run, which are not
// worth their time in a process that is about to execute itself anew: it uses neither the heap nor
// `environ`, which is not set yet. Returns where seal_program is to do it, or to say why not.
void seal_program_early(char** argv, char** environment) noexcept;

}  // namespace berth::runtime::process
