/*
 * The guest's CPUID, RDMSR and WRMSR: these answer for RDT and leave the rest to QEMU. Loaded with
 * LD_PRELOAD; reads RDTSIM (see Options) and RDTSIM_LOG, a file that gets a line for each write to
 * a register of RDT but PQR_ASSOC and QM_EVTSEL, which the kernel writes all the time.
 */
#include "rdtsim.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* As a Cascade Lake: 11 ways of 1 MiB; its L2 has no CAT, but if asked for as Sapphire Rapids'. */
Options options = {.ways = 11,
                   .waykb = 1024,
                   .clos = 16,
                   .shareable = 0x600,
                   .l3 = 1,
                   .cdp = 1,
                   .l2 = 0,
                   .l2ways = 16,
                   .l2waykb = 128,
                   .l2clos = 8,
                   .l2shareable = 0,
                   .l2cdp = 0,
                   .mba = 1,
                   .mbaclos = 8,
                   .mbadelay = 90,
                   .mon = 1,
                   .rmids = 64,
                   .scale = 65536,
                   .mbps = 1000};

static Helper *real_cpuid, *real_rdmsr, *real_wrmsr;
static FILE* write_log;
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

void die(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("rdtsim: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  _exit(125);
}

static void answer(Registers* r, uint64_t eax, uint64_t ebx, uint64_t ecx, uint64_t edx) {
  r->eax = eax, r->ebx = ebx, r->ecx = ecx, r->edx = edx;
}

static void cpuid_monitoring(Registers* r, uint32_t subleaf) { /* leaf 0xf */
  if (options.mon && subleaf == 0)
    answer(r, 0, options.rmids - 1, 0, 1 << 1);
  else if (options.mon && subleaf == 1) /* 20: the counters have 24 + 20 bits; 7: all events */
    answer(r, 20, options.scale, options.rmids - 1, 7);
  else
    answer(r, 0, 0, 0, 0);
}

static void cpuid_allocation(Registers* r, uint32_t subleaf) { /* leaf 0x10 */
  if (subleaf == 0)
    answer(r, 0, (options.l3 ? 1 << 1 : 0) | (options.l2 ? 1 << 2 : 0) | (options.mba ? 1 << 3 : 0),
           0, 0);
  else if (subleaf == 1 && options.l3)
    answer(r, options.ways - 1, options.shareable, options.cdp ? 1 << 2 : 0, options.clos - 1);
  else if (subleaf == 2 && options.l2)
    answer(r, options.l2ways - 1, options.l2shareable, options.l2cdp ? 1 << 2 : 0,
           options.l2clos - 1);
  else if (subleaf == 3 && options.mba) /* 1 << 2: the delays are linear */
    answer(r, options.mbadelay - 1, 0, 1 << 2, options.mbaclos - 1);
  else
    answer(r, 0, 0, 0, 0);
}

bool has_allocation(void) {
  return options.l3 || options.l2 || options.mba;
}

/* Leaf 4: the cache has the ways that CAT tells of. */
static void set_cache(Registers* r, uint64_t ways, uint64_t waykb) {
  uint64_t line = (r->ebx & 0xfff) + 1;
  r->ebx = (ways - 1) << 22 | (line - 1);
  r->ecx = waykb * 1024 / line - 1;
}

static void cpuid_of_qemu(Registers* r, uint32_t leaf, uint32_t subleaf) {
  real_cpuid(r);
  if (leaf == 0 && (uint32_t)r->eax < 0x10) r->eax = 0x10;
  if (leaf == 7 && subleaf == 0)
    r->ebx |= (options.mon ? 1u << 12 : 0) | (has_allocation() ? 1u << 15 : 0);
  if (leaf == 4 && (r->eax >> 5 & 7) == 3 && options.l3) set_cache(r, options.ways, options.waykb);
  if (leaf == 4 && (r->eax >> 5 & 7) == 2 && options.l2)
    set_cache(r, options.l2ways, options.l2waykb);
}

static void my_cpuid(Registers* r) {
  uint32_t leaf = (uint32_t)r->eax, subleaf = (uint32_t)r->ecx;
  if (leaf == 0xe)
    answer(r, 0, 0, 0, 0);
  else if (leaf == 0xf)
    cpuid_monitoring(r, subleaf);
  else if (leaf == 0x10)
    cpuid_allocation(r, subleaf);
  else
    cpuid_of_qemu(r, leaf, subleaf);
}

static bool is_rdt(uint64_t msr) {
  return (uint32_t)msr >= kL3QosCfg && (uint32_t)msr < kMbaDelay + kMostClos;
}

/* Out of line, so that the calls of real_rdmsr and real_wrmsr below are jumps: QEMU takes the
 * return address for the guest's instruction. */
__attribute__((noinline)) static bool read_rdt(Registers* r) {
  uint64_t value;
  if (!msr_read(cpu_of(r), (uint32_t)r->ecx, &value)) return false;
  r->eax = (uint32_t)value;
  r->edx = value >> 32;
  return true;
}

__attribute__((noinline)) static bool write_rdt(Registers* r) {
  uint32_t msr = (uint32_t)r->ecx;
  uint64_t value = (uint32_t)r->eax | r->edx << 32;
  Cpu* cpu = cpu_of(r);
  if (!write_log || msr == kPqrAssoc || msr == kQmEvtsel) return msr_write(cpu, msr, value);
  pthread_mutex_lock(&log_lock); /* so that the lines are in the order of the writes */
  bool written = msr_write(cpu, msr, value);
  if (written) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    fprintf(write_log, "%lld.%06ld socket=%u apic=%u msr=0x%x value=0x%llx\n", (long long)t.tv_sec,
            t.tv_nsec / 1000, cpu_socket(cpu), cpu_apic(cpu), msr, (unsigned long long)value);
  }
  pthread_mutex_unlock(&log_lock);
  return written;
}

static void my_rdmsr(Registers* r) {
  if (is_rdt(r->ecx) && read_rdt(r)) return;
  real_rdmsr(r);
}

static void my_wrmsr(Registers* r) {
  if (is_rdt(r->ecx) && write_rdt(r)) return;
  real_wrmsr(r);
}

static void set_option(const char* name, const char* value) {
  const struct {
    const char* name;
    uint64_t* place;
  } all[] = {{"ways", &options.ways},
             {"waykb", &options.waykb},
             {"clos", &options.clos},
             {"shareable", &options.shareable},
             {"l3", &options.l3},
             {"cdp", &options.cdp},
             {"l2", &options.l2},
             {"l2ways", &options.l2ways},
             {"l2waykb", &options.l2waykb},
             {"l2clos", &options.l2clos},
             {"l2shareable", &options.l2shareable},
             {"l2cdp", &options.l2cdp},
             {"mba", &options.mba},
             {"mbaclos", &options.mbaclos},
             {"mbadelay", &options.mbadelay},
             {"mon", &options.mon},
             {"rmids", &options.rmids},
             {"scale", &options.scale},
             {"mbps", &options.mbps}};
  char* end = NULL;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (!strcmp(name, all[i].name)) *all[i].place = strtoull(value, &end, 0);
  if (!end || end == value || *end) die("bad option '%s=%s'", name, value);
}

static void read_options(char* text) {
  char* rest = NULL;
  for (char* o = strtok_r(text, ",", &rest); o; o = strtok_r(NULL, ",", &rest)) {
    char* equals = strchr(o, '=');
    if (equals) *equals = '\0';
    set_option(o, equals ? equals + 1 : "1");
  }
  if (!options.ways || options.ways > 32 || !options.clos || options.clos > kMostClos ||
      !options.mbaclos || options.mbaclos > kMostClos || !options.mbadelay || !options.rmids ||
      options.rmids > kMostRmids || !options.scale || !options.l2ways || options.l2ways > 32 ||
      !options.l2clos || options.l2clos > kMostL2Clos)
    die("option out of range");
}

__attribute__((constructor)) static void start(void) {
  char program[PATH_MAX] = "";
  if (readlink("/proc/self/exe", program, sizeof program - 1) < 0 ||
      !strstr(program, "qemu-system-x86_64"))
    return;
  unsetenv("LD_PRELOAD");
  const char* text = getenv("RDTSIM");
  if (text) {
    char* copy = strdup(text);
    if (!copy) die("%s", strerror(errno));
    read_options(copy);
    free(copy);
  }
  const char* file = getenv("RDTSIM_LOG");
  if (file && *file) {
    write_log = fopen(file, "we");
    if (!write_log) die("'%s': %s", file, strerror(errno));
    setvbuf(write_log, NULL, _IOLBF, 0);
  }
  real_cpuid = hook("cpuid", my_cpuid);
  model_start(real_cpuid);
  real_rdmsr = hook("rdmsr", my_rdmsr);
  real_wrmsr = hook("wrmsr", my_wrmsr);
}
