// Counts the user-space instructions of a program and of all that it starts, where the processor's
// own counters are out of reach (in most virtual machines) and valgrind does not know the system
// calls: by ptrace(2), one step after another. What it runs takes a thousand times as long.
//
//   instructions [--most N] WORD...
//   instructions --visited FILE WORD...
//
// Prints how many there were; an instruction that steps back to itself, as one with `rep` does,
// counts once. With --visited: where those of the program FILE are in it, each once, in the order
// of the first visit. Exit status: 0 where the program's is; 1; 2 where there are more than N.
// x86-64 alone.
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace {

constexpr long kFollow = PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                         PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

// A step is two switches of context: between two processors each would be a wake-up besides.
void stay_on_this_cpu() {
  cpu_set_t here;
  CPU_ZERO(&here);
  CPU_SET(static_cast<size_t>(::sched_getcpu()), &here);
  (void)::sched_setaffinity(0, sizeof here, &here);
}

// Stopped at its first instruction.
pid_t start(char** words) {
  const pid_t pid = ::fork();
  if (pid < 0) fail("fork");
  if (pid == 0) {
    ::raise(SIGSTOP);  // until it is traced
    ::execvp(words[0], words);
    fail(words[0]);
  }
  int status = 0;
  if (::waitpid(pid, &status, WUNTRACED) != pid) fail("waitpid");
  if (::ptrace(PTRACE_SEIZE, pid, nullptr, kFollow) != 0) fail("ptrace");
  ::kill(pid, SIGCONT);
  return pid;
}

// Where a program's instructions are in its file.
class Visits {
 public:
  explicit Visits(const char* file) {
    if (::stat(file, &file_) != 0) fail(file);
  }
  // Another program is in the process now.
  void forget(pid_t pid) { mapped_.erase(pid); }
  void add(pid_t pid, unsigned long at) {
    const auto [known, is_new] = mapped_.try_emplace(pid);
    if (is_new) known->second = find(pid);
    const Mapped& mapped = known->second;
    if (at < mapped.begin || at >= mapped.end) return;
    const unsigned long place = at - mapped.begin + mapped.offset;
    if (seen_.insert(place).second) order_.push_back(place);
  }
  void print() const {
    for (const unsigned long place : order_) std::printf("%lx\n", place);
  }

 private:
  struct Mapped {
    unsigned long begin = 0, end = 0, offset = 0;
  };
  // proc(5), /proc/PID/maps. By its inode: the name may be that of a mount without one.
  Mapped find(pid_t pid) const {
    std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
    for (std::string line; std::getline(maps, line);) {
      Mapped mapped;
      char rights[8] = {};
      unsigned long inode = 0;
      if (std::sscanf(line.c_str(), "%lx-%lx %7s %lx %*s %lu", &mapped.begin, &mapped.end, rights,
                      &mapped.offset, &inode) == 5 &&
          inode == file_.st_ino && rights[2] == 'x') {
        return mapped;
      }
    }
    return {};
  }

  struct stat file_ {};
  std::map<pid_t, Mapped> mapped_;
  std::unordered_set<unsigned long> seen_;
  std::vector<unsigned long> order_;
};

class Stepper {
 public:
  // `visits` may be null.
  Stepper(pid_t first, unsigned long most, Visits* visits)
      : first_(first), most_(most), visits_(visits) {}

  // Until all have ended. Gives the exit status.
  int run() {
    int result = 1, status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
      if (pid < 0) continue;
      if (WIFEXITED(status) || WIFSIGNALED(status)) {
        if (pid == first_) result = WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
      } else if (count_ > most_) {
        return 2;  // the kernel ends them with this process (PTRACE_O_EXITKILL)
      } else {
        go_on(pid, status);
      }
    }
    return result;
  }
  unsigned long count() const { return count_; }

 private:
  void go_on(pid_t pid, int status) {
    const int signal = WSTOPSIG(status);
    const int event = status >> 16;
    if (event == PTRACE_EVENT_EXEC && pid == first_) counting_ = true;
    if (event == PTRACE_EVENT_EXEC && visits_ != nullptr) visits_->forget(pid);
    int deliver = 0;
    if (event == 0 && signal == SIGTRAP) {
      if (counting_) count(pid);
    } else if (event == 0) {
      deliver = signal;
    } else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) {
      ::ptrace(PTRACE_LISTEN, pid, nullptr, nullptr);  // stopped by its job control
      return;
    }
    ::ptrace(PTRACE_SINGLESTEP, pid, nullptr, deliver);
  }

  // Once for all repetitions of a `rep`, each of which is a step.
  void count(pid_t pid) {
    const long at = ::ptrace(PTRACE_PEEKUSER, pid, offsetof(user, regs.rip), nullptr);
    if (std::exchange(last_[pid], at) == at) return;
    ++count_;
    if (visits_ != nullptr) visits_->add(pid, static_cast<unsigned long>(at));
  }

  pid_t first_;
  std::map<pid_t, long> last_;  // where each stood
  unsigned long most_, count_ = 0;
  Visits* visits_;
  bool counting_ = false;  // from its execve on
};

}  // namespace

int main(int argc, char** argv) {
  unsigned long most = 1'000'000'000;
  std::optional<Visits> visits;
  int first = 1;
  if (argc > 3 && std::string_view(argv[1]) == "--most") {
    most = std::strtoul(argv[2], nullptr, 10);
    first = 3;
  } else if (argc > 3 && std::string_view(argv[1]) == "--visited") {
    visits.emplace(argv[2]);
    first = 3;
  }
  if (argc <= first) {
    std::fprintf(stderr, "usage: instructions [--most N | --visited FILE] WORD...\n");
    return 1;
  }
  stay_on_this_cpu();
  Stepper stepper(start(argv + first), most, visits ? &*visits : nullptr);
  const int status = stepper.run();
  if (visits) {
    visits->print();
  } else {
    std::printf("%lu\n", stepper.count());
  }
  return status;
}
