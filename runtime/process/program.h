// process.args and env, from their names to execve(2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/spec/spec.h"

namespace berth::runtime::process {

// Finds `name` as a shell does: with a slash as it is, else in the PATH of `env`. As the current
// user, in the current root and directory. Throws Error: ENOENT where there is none, EACCES where
// one is there but cannot be executed.
std::string find_program(const std::string& name, const std::vector<std::string>& env);

// All that execve takes, made before limits and filters bind.
class Program {
 public:
  explicit Program(const spec::Process& process);
  // LISTEN_PID names the process that sockets are passed to; a launcher that forks changes it.
  void move_listen_pid(pid_t from, pid_t to);
  // Inside, as the user: also what the environment lacks.
  void find();
  // As execve gets it.
  const std::vector<std::string>& env() const { return env_; }
  // Gives back only by throwing Error with execve's errno.
  [[noreturn]] void execute() const;

 private:
  std::vector<std::string> args_, env_;
  std::string path_;
  std::vector<char*> argv_, envp_;
};

}  // namespace berth::runtime::process
