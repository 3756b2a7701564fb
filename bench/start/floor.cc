// The floor under a container's start: the system calls that a configuration takes and no others,
// from a plan in which everything is worked out beforehand (floor_plan). No state is kept, nothing
// is checked but that each call succeeds, no path is resolved with care. For measuring against, not
// for use.
//
//   floor PLAN ID
//
// A plan has a line for each call, its words separated by tabs; `@` in a word becomes ID. The lines
// up to `clone` are done before the process is made, those up to `wait` in it, the rest once it has
// ended.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int kMostWords = 64;

// What failed; errno says why.
struct Failed {
  const char* what;
};

struct Line {
  const char* words[kMostWords] = {};
  int count = 0;
  const char* operator[](int i) const { return i < count ? words[i] : ""; }
  unsigned long number(int i) const { return std::strtoul((*this)[i], nullptr, 0); }
};

// The plan's text, cut into lines and words as it is read.
class Plan {
 public:
  Plan(const char* path, const char* id) : id_(id) {
    const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
    const ssize_t size = ::read(fd, text_, sizeof text_ - 1);
    ::close(fd);
    if (size <= 0) {
      std::perror(path);
      ::_exit(125);
    }
    text_[size] = '\0';
  }
  bool next(Line& line) {
    if (*at_ == '\0') return false;
    line = {};
    char* const end = ::strchr(at_, '\n');
    *end = '\0';
    for (char* word = at_; word != nullptr && line.count < kMostWords;) {
      char* const tab = ::strchr(word, '\t');
      if (tab != nullptr) *tab = '\0';
      line.words[line.count++] = with_id(word);
      word = tab == nullptr ? nullptr : tab + 1;
    }
    at_ = end + 1;
    return true;
  }

 private:
  const char* with_id(char* word) {
    char* const mark = ::strchr(word, '@');
    if (mark == nullptr) return word;
    char* const made = names_ + used_;
    used_ +=
        1 + static_cast<size_t>(std::snprintf(made, sizeof names_ - used_, "%.*s%s%s",
                                              static_cast<int>(mark - word), word, id_, mark + 1));
    return made;
  }
  const char* id_;
  char text_[128 * 1024];
  char names_[32 * 1024];
  size_t used_ = 0;
  char* at_ = text_;
};

void write_text(const char* path, const char* text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  const auto size = static_cast<ssize_t>(std::strlen(text));
  if (fd < 0 || ::write(fd, text, static_cast<size_t>(size)) != size) throw Failed{path};
  ::close(fd);
}

void raise_loopback() {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP;
  if (::ioctl(fd, SIOCSIFFLAGS, &request) < 0) throw Failed{"lo"};
  ::close(fd);
}

void set_capabilities(unsigned long set) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const auto low = static_cast<__u32>(set), high = static_cast<__u32>(set >> 32);
  const __user_cap_data_struct data[2] = {{low, low, 0}, {high, high, 0}};
  if (::syscall(SYS_capset, &header, data) < 0) throw Failed{"capset"};
}

// Read while its path is within reach.
char filter_text[64 * 1024];
ssize_t filter_size = 0;

bool read_filter(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  filter_size = ::read(fd, filter_text, sizeof filter_text);
  ::close(fd);
  return filter_size > 0;
}

bool load_filter() {
  sock_fprog filter{
      static_cast<unsigned short>(static_cast<size_t>(filter_size) / sizeof(sock_filter)),
      reinterpret_cast<sock_filter*>(filter_text)};
  return ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) == 0;
}

void pivot(const char* root) {
  if (::chdir(root) < 0 || ::syscall(SYS_pivot_root, ".", ".") < 0) throw Failed{root};
  if (::umount2(".", MNT_DETACH) < 0) throw Failed{root};
}

// The control file that a limit is written to last, when its path is out of reach.
int held = -1;

// The held file. v1 gives back what its CPUs charged ahead a moment after it is asked to.
bool put(const char* text) {
  for (int tries = 20; ::write(held, text, std::strlen(text)) <= 0; --tries) {
    if (errno != EBUSY || tries == 0) return false;
    ::usleep(1000);
  }
  return true;
}

using Does = bool (*)(const Line&);
struct Call {
  const char* name;
  Does does;
};

bool done(long result) {
  return result >= 0;
}

constexpr Call kCalls[] = {
    {"mkdir", [](const Line& l) { return done(::mkdir(l[1], static_cast<mode_t>(l.number(2)))); }},
    {"rmdir", [](const Line& l) { return done(::rmdir(l[1])); }},
    {"write", [](const Line& l) { return write_text(l[1], l[2]), true; }},
    {"hold", [](const Line& l) { return done(held = ::open(l[1], O_WRONLY | O_CLOEXEC)); }},
    {"put", [](const Line& l) { return put(l[1]); }},
    {"mount", [](const Line& l) { return done(::mount(l[1], l[2], l[3], l.number(4), l[5])); }},
    {"mknod",
     [](const Line& l) {
       return done(::mknod(
           l[1], static_cast<mode_t>(l.number(2)),
           makedev(static_cast<unsigned>(l.number(3)), static_cast<unsigned>(l.number(4)))));
     }},
    {"symlink", [](const Line& l) { return done(::symlink(l[1], l[2])); }},
    {"unshare", [](const Line& l) { return done(::unshare(static_cast<int>(l.number(1)))); }},
    {"sethostname", [](const Line& l) { return done(::sethostname(l[1], std::strlen(l[1]))); }},
    {"loopback", [](const Line&) { return raise_loopback(), true; }},
    {"umask", [](const Line& l) { return ::umask(static_cast<mode_t>(l.number(1))), true; }},
    {"setsid", [](const Line&) { return done(::setsid()); }},
    {"rlimit",
     [](const Line& l) {
       const rlimit limit{l.number(2), l.number(3)};
       return done(::setrlimit(static_cast<__rlimit_resource_t>(l.number(1)), &limit));
     }},
    {"pivot", [](const Line& l) { return pivot(l[1]), true; }},
    {"bounding", [](const Line& l) { return done(::prctl(PR_CAPBSET_DROP, l.number(1))); }},
    {"capset", [](const Line& l) { return set_capabilities(l.number(1)), true; }},
    {"no_new_privs", [](const Line&) { return done(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)); }},
    {"filter", [](const Line& l) { return read_filter(l[1]); }},
    {"seccomp", [](const Line&) { return load_filter(); }},
    {"chdir", [](const Line& l) { return done(::chdir(l[1])); }},
    {"close_range", [](const Line&) { return done(::syscall(SYS_close_range, 3U, ~0U, 0U)); }},
    {"setid",
     [](const Line& l) {
       return done(::setresgid(static_cast<gid_t>(l.number(2)), static_cast<gid_t>(l.number(2)),
                               static_cast<gid_t>(l.number(2)))) &&
              done(::setresuid(static_cast<uid_t>(l.number(1)), static_cast<uid_t>(l.number(1)),
                               static_cast<uid_t>(l.number(1))));
     }},
    {"exec",
     [](const Line& l) {
       char* no_environment[] = {nullptr};
       ::execve(l[1], const_cast<char**>(l.words + 2), no_environment);
       return false;
     }},
};

// The process, in the cgroup that the line names, if it names one (v2).
pid_t make_process(const Line& line) {
  clone_args arguments{};
  arguments.flags = line.number(1);
  arguments.exit_signal = SIGCHLD;
  if (line.count > 2) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<__u64>(::open(line[2], O_PATH | O_DIRECTORY | O_CLOEXEC));
  }
  const auto pid = static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
  if (pid < 0) throw Failed{"clone3"};
  return pid;
}

void act(const Line& line) {
  for (const Call& call : kCalls) {
    if (std::strcmp(call.name, line[0]) != 0) continue;
    if (!call.does(line)) throw Failed{line[1]};
    return;
  }
  errno = ENOSYS;
  throw Failed{line[0]};
}

int run(Plan& plan) {
  pid_t pid = -1;
  int status = 0;
  for (Line line; plan.next(line);) {
    try {
      if (std::strcmp(line[0], "clone") == 0) {
        pid = make_process(line);
        // The parent's place in the plan is behind the child's lines.
        while (pid > 0 && plan.next(line) && std::strcmp(line[0], "wait") != 0) {
        }
        if (pid > 0 && ::waitpid(pid, &status, 0) != pid) throw Failed{"waitpid"};
        continue;
      }
      act(line);
    } catch (const Failed& failed) {
      std::fprintf(stderr, "floor: %s %s: %s\n", line[0], failed.what, std::strerror(errno));
      ::_exit(125);
    }
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: floor PLAN ID\n");
    return 2;
  }
  static Plan plan(argv[1], argv[2]);
  return run(plan);
}
