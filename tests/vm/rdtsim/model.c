/*
 * The registers of RDT: PQR_ASSOC, QM_EVTSEL and QM_CTR of each CPU; the masks, delays and
 * L3_QOS_CFG of each socket; the masks and L2_QOS_CFG of each core. They keep what is written.
 * Monitoring is a model, not a cache: a group's traffic is the time its RMID was loaded, its
 * occupancy the size of its mask; limits do not slow anything down.
 */
#include <pthread.h>
#include <stddef.h>
#include <time.h>

#include "rdtsim.h"

enum { kMostCpus = 256, kMostSockets = 16 };
enum { kOccupancy = 1, kTotalBytes = 2, kLocalBytes = 3 }; /* QM_EVTSEL's events */
static const uint64_t kSecond = 1000000000;

typedef struct {
  pthread_mutex_t lock;
  uint64_t l3_qos_cfg;
  uint32_t l3_mask[2 * kMostClos];
  uint32_t mba_delay[kMostClos];
  struct {
    uint64_t bytes, last_run, occupancy;
  } rmid[kMostRmids];
} Socket;

typedef struct {
  uint64_t l2_qos_cfg;
  uint32_t l2_mask[kMostL2Clos];
} Core;

struct Cpu {
  Registers* registers;
  unsigned apic, socket_number;
  Socket* socket;
  Core* core;
  uint64_t pqr_assoc, qm_evtsel;
  uint64_t charged; /* until when the time has been charged to an RMID */
};

static Socket sockets[kMostSockets];
static Core cores[kMostCpus];
static Cpu cpus[kMostCpus];
static int cpu_count;
static pthread_mutex_t cpus_lock = PTHREAD_MUTEX_INITIALIZER;
static Helper* real_cpuid;

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * kSecond + (uint64_t)t.tv_nsec;
}

void model_start(Helper* cpuid) {
  real_cpuid = cpuid;
  for (int i = 0; i < kMostSockets; i++) {
    pthread_mutex_init(&sockets[i].lock, NULL);
    for (int j = 0; j < 2 * kMostClos; j++)
      sockets[i].l3_mask[j] = (uint32_t)((1ull << options.ways) - 1);
  }
  for (int i = 0; i < kMostCpus; i++)
    for (int j = 0; j < kMostL2Clos; j++)
      cores[i].l2_mask[j] = (uint32_t)((1ull << options.l2ways) - 1);
}

/* CPUID 0xb tells a CPU's APIC id and how many of its bits do not belong to the number of the core
 * (subleaf 0) or the socket (1). */
static unsigned place_number(Cpu* cpu, Registers* registers, unsigned subleaf) {
  Registers saved = *registers;
  registers->eax = 0xb, registers->ecx = subleaf;
  real_cpuid(registers);
  cpu->apic = (unsigned)registers->edx;
  unsigned number = cpu->apic >> (registers->eax & 31);
  *registers = saved;
  return number;
}

static void place(Cpu* cpu, Registers* registers) {
  cpu->core = &cores[place_number(cpu, registers, 0) % kMostCpus];
  cpu->socket_number = place_number(cpu, registers, 1) % kMostSockets;
  cpu->socket = &sockets[cpu->socket_number];
  cpu->charged = now();
  cpu->registers = registers;
}

Cpu* cpu_of(Registers* registers) {
  static __thread Cpu* last; /* QEMU runs each CPU in a thread of its own */
  if (last && last->registers == registers) return last;
  pthread_mutex_lock(&cpus_lock);
  Cpu* found = NULL;
  for (int i = 0; i < cpu_count; i++)
    if (cpus[i].registers == registers) found = &cpus[i];
  if (!found) {
    if (cpu_count == kMostCpus) die("more than %d CPUs", kMostCpus);
    found = &cpus[cpu_count];
    place(found, registers);
    __atomic_store_n(&cpu_count, cpu_count + 1, __ATOMIC_RELEASE);
  }
  pthread_mutex_unlock(&cpus_lock);
  return last = found;
}

unsigned cpu_apic(const Cpu* cpu) {
  return cpu->apic;
}
unsigned cpu_socket(const Cpu* cpu) {
  return cpu->socket_number;
}

/* Charges the time since the last call to the RMID loaded on the CPU; its socket's lock is held. */
static void charge(Cpu* cpu, uint64_t until) {
  Socket* socket = cpu->socket;
  uint32_t rmid = cpu->pqr_assoc % kMostRmids;
  uint32_t clos = (cpu->pqr_assoc >> 32) % kMostClos;
  uint64_t delay = socket->mba_delay[clos] > 100 ? 100 : socket->mba_delay[clos];
  bool cdp_on = socket->l3_qos_cfg & 1; /* masks come in pairs then */
  int ways = __builtin_popcount(socket->l3_mask[cdp_on ? 2 * clos : clos]);

  socket->rmid[rmid].bytes += (until - cpu->charged) * options.mbps / 1000 * (100 - delay) / 100;
  socket->rmid[rmid].occupancy = (uint64_t)ways * options.waykb * 1024;
  socket->rmid[rmid].last_run = until;
  cpu->charged = until;
}

static uint64_t counter(Cpu* cpu) {
  uint32_t event = cpu->qm_evtsel & 0xff, rmid = (uint32_t)(cpu->qm_evtsel >> 32);
  if (event < kOccupancy || event > kLocalBytes || rmid >= options.rmids)
    return 1ull << 63; /* the counter's error bit */

  Socket* socket = cpu->socket;
  uint64_t value = 0, time = now();
  int count = __atomic_load_n(&cpu_count, __ATOMIC_ACQUIRE);
  pthread_mutex_lock(&socket->lock);
  for (int i = 0; i < count; i++)
    if (cpus[i].socket == socket) charge(&cpus[i], time);
  if (event == kTotalBytes) value = socket->rmid[rmid].bytes;
  if (event == kLocalBytes) value = socket->rmid[rmid].bytes / 4 * 3;
  if (event == kOccupancy && time - socket->rmid[rmid].last_run < kSecond)
    value = socket->rmid[rmid].occupancy; /* a second after it last ran its lines are gone */
  pthread_mutex_unlock(&socket->lock);
  return value / options.scale % (1ull << 44);
}

/* The mask or delay that has this number, if the processor has it. */
static uint32_t* stored_register(Cpu* cpu, uint32_t msr) {
  if (options.l3 && msr >= kL3Mask && msr - kL3Mask < options.clos)
    return &cpu->socket->l3_mask[msr - kL3Mask];
  if (options.l2 && msr >= kL2Mask && msr - kL2Mask < options.l2clos)
    return &cpu->core->l2_mask[msr - kL2Mask];
  if (options.mba && msr >= kMbaDelay && msr - kMbaDelay < options.mbaclos)
    return &cpu->socket->mba_delay[msr - kMbaDelay];
  return NULL;
}

/* The switch of CDP that has this number, if the processor has it. */
static uint64_t* switch_register(Cpu* cpu, uint32_t msr) {
  if (msr == kL3QosCfg && options.l3 && options.cdp) return &cpu->socket->l3_qos_cfg;
  if (msr == kL2QosCfg && options.l2 && options.l2cdp) return &cpu->core->l2_qos_cfg;
  return NULL;
}

bool msr_read(Cpu* cpu, uint32_t msr, uint64_t* value) {
  uint32_t* stored = stored_register(cpu, msr);
  uint64_t* cdp = switch_register(cpu, msr);
  if (stored)
    *value = *stored;
  else if (cdp)
    *value = *cdp;
  else if (msr == kPqrAssoc && (has_allocation() || options.mon))
    *value = cpu->pqr_assoc;
  else if (msr == kQmEvtsel && options.mon)
    *value = cpu->qm_evtsel;
  else if (msr == kQmCtr && options.mon)
    *value = counter(cpu);
  else
    return false;
  return true;
}

bool msr_write(Cpu* cpu, uint32_t msr, uint64_t value) {
  uint32_t* stored = stored_register(cpu, msr);
  uint64_t* cdp = switch_register(cpu, msr);
  if (stored) {
    *stored = (uint32_t)value;
  } else if (cdp) {
    *cdp = value & 1;
  } else if (msr == kPqrAssoc && (has_allocation() || options.mon)) {
    pthread_mutex_lock(&cpu->socket->lock);
    charge(cpu, now());
    cpu->pqr_assoc = value;
    pthread_mutex_unlock(&cpu->socket->lock);
  } else if (msr == kQmEvtsel && options.mon) {
    cpu->qm_evtsel = value;
  } else {
    return msr == kMark || (msr == kQmCtr && options.mon); /* a counter cannot be set */
  }
  return true;
}
