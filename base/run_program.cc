#include "base/run_program.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"

namespace berth {
namespace {

// Reaped whatever happens meanwhile.
class Waited {
 public:
  explicit Waited(pid_t pid) : pid_(pid) {}
  ~Waited() { (void)status(); }
  Waited(const Waited&) = delete;
  Waited& operator=(const Waited&) = delete;
  int status() {
    while (pid_ > 0 && ::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status_;
  }

 private:
  pid_t pid_;
  int status_ = 0;
};

}  // namespace

Finished run_program(const std::vector<std::string>& words, size_t most) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  Pipe pipe = make_pipe();
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, pipe.write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, pipe.write.get(), STDERR_FILENO);
  pid_t pid = -1;
  const int failed = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) throw Error("run", words.front(), failed);
  Waited child(pid);
  pipe.write.reset();
  UniqueFd output = std::move(pipe.read);  // closed before the wait: a writer must not hang on us
  std::string said = read_fd(output.get(), words.front(), most);
  return {child.status(), std::move(said)};
}

}  // namespace berth
