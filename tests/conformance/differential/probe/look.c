// look FILE: writes what a container shows to a program in it. A line `@NAME` begins each section.
// Into a file and not to standard output: that may be a terminal, which shows an echo as well.
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <termios.h>
#include <unistd.h>

extern char** environ;
static FILE* report;

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void section(const char* name) {
  fprintf(report, "@%s\n", name);
}

static const char* kind(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFBLK:
      return "block";
    case S_IFCHR:
      return "char";
    case S_IFDIR:
      return "folder";
    case S_IFIFO:
      return "pipe";
    case S_IFLNK:
      return "link";
    case S_IFREG:
      return "file";
    default:
      return "socket";
  }
}

static int by_name(const struct dirent** a, const struct dirent** b) {
  return strcmp((*a)->d_name, (*b)->d_name);
}

static int by_number(const struct dirent** a, const struct dirent** b) {
  return atoi((*a)->d_name) - atoi((*b)->d_name);
}

static int no_dots(const struct dirent* entry) {
  return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static void link_target(const char* path) {
  char target[4096];
  const ssize_t length = readlink(path, target, sizeof target);
  if (length >= 0) fprintf(report, " -> %.*s", (int)length, target);
}

static void descriptors(void) {
  struct dirent** entries = NULL;
  section("descriptors");
  const int count = scandir("/proc/self/fd", &entries, no_dots, by_number);
  for (int i = 0; i < count; i++) {
    char path[64];
    struct stat st;
    const int fd = atoi(entries[i]->d_name);
    if (fstat(fd, &st) != 0) continue;  // what scandir itself had open
    const int flags = fcntl(fd, F_GETFL);
    fprintf(report, "%d %s flags=%#x", fd, kind(st.st_mode),
            (unsigned)flags & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_PATH));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISCHR(st.st_mode)) link_target(path);
    fputc('\n', report);
  }
}

// The lines of a file, those alone that begin with one of `wanted` (NULL: all).
static void lines(const char* path, const char* const* wanted) {
  char line[65536];
  FILE* file = fopen(path, "re");
  if (file == NULL) {
    fprintf(report, "%s: %s\n", path, strerror(errno));
    return;
  }
  while (fgets(line, sizeof line, file) != NULL) {
    const char* const* word = wanted;
    while (word != NULL && *word != NULL && strncmp(line, *word, strlen(*word)) != 0) word++;
    if (word != NULL && *word == NULL) continue;
    line[strcspn(line, "\n")] = '\0';
    fprintf(report, "%s\n", line);
  }
  fclose(file);
}

static void status(void) {
  static const char* const wanted[] = {"Umask:",
                                       "TracerPid:",
                                       "Uid:",
                                       "Gid:",
                                       "Groups:",
                                       "CoreDumping:",
                                       "THP_enabled:",
                                       "SigPnd:",
                                       "ShdPnd:",
                                       "SigBlk:",
                                       "SigIgn:",
                                       "SigCgt:",
                                       "Cap",
                                       "NoNewPrivs:",
                                       "Seccomp",
                                       "Speculation",
                                       "Cpus_allowed_list:",
                                       "Mems_allowed_list:",
                                       NULL};
  section("status");
  lines("/proc/self/status", wanted);
}

// One line each, or the first of several.
static void small_files(void) {
  static const char* const paths[] = {
      "/proc/self/attr/current", "/proc/self/oom_score_adj",
      "/proc/self/personality",  "/proc/self/timerslack_ns",
      "/proc/self/sessionid",    "/proc/self/loginuid",
      "/proc/self/setgroups",    "/proc/self/coredump_filter",
      "/proc/self/comm",         "/proc/sys/net/ipv4/ip_unprivileged_port_start",
      "/proc/sys/kernel/shmmni"};
  section("files");
  for (size_t i = 0; i < COUNT(paths); i++) {
    char text[256];
    errno = 0;
    FILE* file = fopen(paths[i], "re");
    const char* got = file == NULL ? NULL : fgets(text, sizeof text, file);
    if (got != NULL) text[strcspn(text, "\n")] = '\0';
    fprintf(report, "%s: %s\n", paths[i], got != NULL ? text : errno != 0 ? strerror(errno) : "");
    if (file != NULL) fclose(file);
  }
}

static void whole_files(void) {
  static const char* const names[] = {"mountinfo", "cgroup",  "limits",
                                      "uid_map",   "gid_map", "timens_offsets"};
  for (size_t i = 0; i < COUNT(names); i++) {
    char path[64];
    section(names[i]);
    snprintf(path, sizeof path, "/proc/self/%s", names[i]);
    lines(path, NULL);
  }
}

static void process(char** argv) {
  char text[4096];
  section("process");
  fprintf(report, "first=%d parent outside=%d\n", getpid() == 1, getppid() == 0);
  fprintf(report, "leads its session=%d its group=%d\n", getsid(0) == getpid(),
          getpgrp() == getpid());
  fprintf(report, "nice=%d policy=%d\n", getpriority(PRIO_PROCESS, 0), sched_getscheduler(0));
  fprintf(report, "ioprio=%ld\n", syscall(SYS_ioprio_get, 1, 0));
  fprintf(report, "dumpable=%d keepcaps=%d securebits=%d\n", prctl(PR_GET_DUMPABLE),
          prctl(PR_GET_KEEPCAPS), prctl(PR_GET_SECUREBITS));
  int value = 0;
  prctl(PR_GET_PDEATHSIG, &value);
  fprintf(report, "pdeathsig=%d", value);
  prctl(PR_GET_CHILD_SUBREAPER, &value);
  fprintf(report, " subreaper=%d thp_disable=%d\n", value, prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
  fprintf(report, "cwd=%s\n", getcwd(text, sizeof text) != NULL ? text : strerror(errno));
  fprintf(report, "exe");
  link_target("/proc/self/exe");
  fputc('\n', report);
  for (; *argv != NULL; argv++) fprintf(report, "argument %s\n", *argv);
  const long length =
      syscall(SYS_keyctl, KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, text, sizeof text);
  fprintf(report, "keyring %s\n", length >= 0 ? text : strerror(errno));
}

static void environment(void) {
  section("environment");
  for (char** word = environ; *word != NULL; word++) fprintf(report, "%s\n", *word);
}

static void namespaces(void) {
  struct dirent** entries = NULL;
  section("namespaces");
  const int count = scandir("/proc/self/ns", &entries, no_dots, by_name);
  for (int i = 0; i < count; i++) {
    char path[300];
    snprintf(path, sizeof path, "/proc/self/ns/%s", entries[i]->d_name);
    fprintf(report, "%s", entries[i]->d_name);
    link_target(path);
    fputc('\n', report);
  }
  struct utsname names;
  uname(&names);
  fprintf(report, "host name %s, domain %s\n", names.nodename, names.domainname);
  struct ifreq loopback;
  memset(&loopback, 0, sizeof loopback);
  strcpy(loopback.ifr_name, "lo");
  const int inet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int answer = ioctl(inet, SIOCGIFFLAGS, &loopback);
  fprintf(report, "lo flags %#x", answer == 0 ? (unsigned)loopback.ifr_flags : 0U);
  const int addressed = ioctl(inet, SIOCGIFADDR, &loopback);
  fprintf(report, " address %s\n",
          addressed == 0 ? inet_ntoa(((struct sockaddr_in*)&loopback.ifr_addr)->sin_addr)
                         : strerror(errno));
  close(inet);
}

static void terminal(void) {
  struct termios settings;
  struct winsize size;
  section("terminal");
  if (tcgetattr(0, &settings) != 0) {
    fprintf(report, "none: %s\n", strerror(errno));
    return;
  }
  fprintf(report, "iflag=%#o oflag=%#o cflag=%#o lflag=%#o\n", settings.c_iflag, settings.c_oflag,
          settings.c_cflag, settings.c_lflag);
  fprintf(report, "characters");
  for (int i = 0; i < NCCS; i++) fprintf(report, " %d", settings.c_cc[i]);
  ioctl(0, TIOCGWINSZ, &size);
  fprintf(report, "\nsize %dx%d name %s\n", size.ws_row, size.ws_col, ttyname(0));
  fprintf(report, "foreground=%d session=%d\n", tcgetpgrp(0) == getpgrp(),
          tcgetsid(0) == getsid(0));
}

static void entry(const char* path) {
  struct stat st;
  if (lstat(path, &st) != 0) {
    fprintf(report, "%s: %s\n", path, strerror(errno));
    return;
  }
  fprintf(report, "%s %s %o %d:%d", path, kind(st.st_mode), st.st_mode & 07777, st.st_uid,
          st.st_gid);
  if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode)) {
    fprintf(report, " %u:%u", major(st.st_rdev), minor(st.st_rdev));
  }
  link_target(path);
  fputc('\n', report);
}

static void tree(const char* top, int depth) {
  struct dirent** entries = NULL;
  const int count = scandir(top, &entries, no_dots, by_name);
  for (int i = 0; i < count; i++) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", strcmp(top, "/") == 0 ? "" : top, entries[i]->d_name);
    entry(path);
    if (depth > 1 && entries[i]->d_type == DT_DIR) tree(path, depth - 1);
  }
}

static void first_bytes(const char* path, int mode, const char* word) {
  char byte;
  const int fd = open(path, mode | O_CLOEXEC | O_NONBLOCK);
  ssize_t got = fd < 0 ? -1 : 0;
  if (fd >= 0 && mode == O_RDONLY) got = read(fd, &byte, 1);
  fprintf(report, " %s=%s", word, got < 0 ? strerror(errno) : got == 0 ? "yes" : "text");
  if (fd >= 0) close(fd);
}

static void access_rights(void) {
  static const char* const paths[] = {"/",
                                      "/proc/kcore",
                                      "/proc/keys",
                                      "/proc/latency_stats",
                                      "/proc/acpi",
                                      "/proc/timer_list",
                                      "/proc/sched_debug",
                                      "/proc/scsi",
                                      "/proc/bus",
                                      "/proc/fs",
                                      "/proc/irq/default_smp_affinity",
                                      "/proc/sys/kernel/hostname",
                                      "/proc/sysrq-trigger",
                                      "/sys/firmware",
                                      "/sys/kernel/profiling",
                                      "/etc/passwd",
                                      "/dev/null",
                                      "/dev/full",
                                      "/dev/mqueue",
                                      "/proc/self/attr/exec"};
  section("access");
  for (size_t i = 0; i < COUNT(paths); i++) {
    fprintf(report, "%s", paths[i]);
    first_bytes(paths[i], O_RDONLY, "read");
    first_bytes(paths[i], O_WRONLY, "write");
    fputc('\n', report);
  }
}

// Of each hierarchy that is mounted in the container.
static void control_files(void) {
  static const char* const names[] = {"memory.limit_in_bytes",
                                      "memory.soft_limit_in_bytes",
                                      "memory.swappiness",
                                      "cpu.shares",
                                      "cpu.cfs_quota_us",
                                      "cpu.cfs_period_us",
                                      "cpuset.cpus",
                                      "cpuset.mems",
                                      "pids.max",
                                      "devices.list",
                                      "memory.max",
                                      "memory.low",
                                      "cpu.max",
                                      "cpu.weight"};
  struct dirent** entries = NULL;
  section("control files");
  const int count = scandir("/sys/fs/cgroup", &entries, NULL, by_name);
  for (int i = 0; i < count; i++) {
    for (size_t j = 0; j < COUNT(names); j++) {
      char path[600];
      snprintf(path, sizeof path, "/sys/fs/cgroup/%s/%s", entries[i]->d_name, names[j]);
      if (access(path, F_OK) != 0 || entries[i]->d_type == DT_LNK) continue;
      fprintf(report, "%s:\n", path);
      lines(path, NULL);
    }
  }
}

int main(int argc, char** argv) {
  char* text = NULL;
  size_t size = 0;
  if (argc < 2) return 2;
  report = open_memstream(&text, &size);
  descriptors();  // before any of our own
  status();
  small_files();
  whole_files();
  process(argv);
  environment();
  namespaces();
  terminal();
  section("tree");
  tree("/", 1);
  tree("/dev", 3);
  access_rights();
  control_files();
  fclose(report);
  char made[4096];  // another name until it is whole
  snprintf(made, sizeof made, "%s.new", argv[1]);
  FILE* file = fopen(made, "we");
  if (file == NULL || fwrite(text, 1, size, file) != size || fclose(file) != 0 ||
      rename(made, argv[1]) != 0) {
    perror(argv[1]);
    return 1;
  }
  return 0;
}
