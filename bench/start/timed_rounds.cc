// Times commands in turn: A B C A B C ... Prints a line for each start, separated by tabs: the
// command's number, the round's, its exit status or 128 + signal, nanoseconds from before the fork
// to after the wait, and of it and the children that it waited for: microseconds in user space and
// in the kernel, the most resident memory (KiB), minor page faults. Their input and output is
// /dev/null.
//
//   timed_rounds ROUNDS PAUSE_MS -- WORD... [-- WORD...]...
//
// `{}` in a word becomes the round's number; round 0 is not printed: it warms caches. PAUSE_MS is
// slept before each. vfork, so that this process' own size does not count.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

using Words = std::vector<std::string>;

Words for_round(const Words& words, int round) {
  Words result = words;
  for (std::string& word : result) {
    for (size_t at = 0; (at = word.find("{}", at)) != std::string::npos;) {
      word.replace(at, 2, std::to_string(round));
    }
  }
  return result;
}

long microseconds(const timeval& time) {
  return time.tv_sec * 1'000'000L + time.tv_usec;
}

struct Start {
  int status = 0;
  long nanoseconds = 0;
  rusage usage = {};
};

Start start(const Words& words, int null) {
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const auto begin = std::chrono::steady_clock::now();
  const pid_t pid = ::vfork();  // NOLINT(bugprone-unsafe-functions): posix_spawn is more calls
  if (pid == 0) {
    for (int fd : {0, 1, 2}) ::dup2(null, fd);
    ::execvp(argv[0], argv.data());
    ::_exit(127);
  }
  Start result;
  int status = 0;
  if (pid < 0 || ::wait4(pid, &status, 0, &result.usage) != pid) {
    std::perror("timed_rounds");
    std::exit(1);
  }
  const auto end = std::chrono::steady_clock::now();
  result.nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(end - begin).count();
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

std::vector<Words> commands_of(int argc, char** argv) {
  std::vector<Words> commands;
  for (int i = 3; i < argc; ++i) {
    if (std::strcmp(argv[i], "--") == 0) {
      commands.emplace_back();
    } else if (!commands.empty()) {
      commands.back().emplace_back(argv[i]);
    }
  }
  return commands;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<Words> commands = commands_of(argc, argv);
  if (commands.empty()) {
    std::fprintf(stderr, "usage: timed_rounds ROUNDS PAUSE_MS -- WORD... [-- WORD...]...\n");
    return 2;
  }
  const int rounds = std::atoi(argv[1]);
  const auto pause = std::chrono::milliseconds(std::atoi(argv[2]));
  const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (int round = 0; round <= rounds; ++round) {
    for (size_t i = 0; i < commands.size(); ++i) {
      const Words words = for_round(commands[i], round);
      std::this_thread::sleep_for(pause);
      const Start one = start(words, null);
      if (round == 0 && one.status == 0) continue;
      std::printf("%zu\t%d\t%d\t%ld\t%ld\t%ld\t%ld\t%ld\n", i, round, one.status, one.nanoseconds,
                  microseconds(one.usage.ru_utime), microseconds(one.usage.ru_stime),
                  one.usage.ru_maxrss, one.usage.ru_minflt);
    }
    std::fflush(stdout);
  }
}
