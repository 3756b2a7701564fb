/*
 * rdtsim: Intel RDT (L3 and L2 CAT, CDP, MBA, CMT, MBM) for a stock QEMU that runs under TCG.
 * model.c keeps the simulated registers, hook.c puts functions of ours in the place of QEMU's,
 * rdtsim.c is those functions (CPUID, RDMSR, WRMSR) and the start.
 */
#ifndef BERTH_TESTS_VM_RDTSIM_H
#define BERTH_TESTS_VM_RDTSIM_H

#include <stdbool.h>
#include <stdint.h>

/* The head of CPUX86State, QEMU's registers of one CPU: all that is known of QEMU's structures. */
typedef struct {
  uint64_t eax, ecx, edx, ebx;
} Registers;
typedef void Helper(Registers* cpu);

/* What the simulated processor has; RDTSIM="name=value,..." in the environment changes it, a name
 * alone is 1. */
typedef struct {
  uint64_t ways;      /* length of an L3 mask */
  uint64_t waykb;     /* KiB in a way; leaf 4 tells the same size */
  uint64_t clos;      /* L3 classes of service */
  uint64_t shareable; /* ways other agents may use too */
  uint64_t l3;        /* has L3 CAT */
  uint64_t cdp;       /* has code and data prioritization */
  uint64_t l2;        /* has L2 CAT, an L2 in each core */
  uint64_t l2ways;
  uint64_t l2waykb;
  uint64_t l2clos;
  uint64_t l2shareable;
  uint64_t l2cdp;
  uint64_t mba;      /* has MBA */
  uint64_t mbaclos;  /* MBA classes of service */
  uint64_t mbadelay; /* most throttling, per cent */
  uint64_t mon;      /* has CMT and MBM */
  uint64_t rmids;    /* monitoring ids */
  uint64_t scale;    /* bytes in a counter's unit */
  uint64_t mbps;     /* MB/s that a running CPU is taken to move */
} Options;
extern Options options;
bool has_allocation(void);

enum { kMostClos = 128, kMostL2Clos = 64, kMostRmids = 1024 };

/* A socket's, but for the L2's, a core's, and QM_*, PQR_ASSOC, a CPU's. */
enum Msr {
  kL3QosCfg = 0xc81,
  kL2QosCfg = 0xc82,
  kMark = 0xc8c, /* no processor's: written by a test for its line in the log, see no_overlap */
  kQmEvtsel = 0xc8d,
  kQmCtr = 0xc8e,
  kPqrAssoc = 0xc8f,
  kL3Mask = 0xc90,
  kL2Mask = 0xd10,
  kMbaDelay = 0xd50,
};

__attribute__((noreturn, format(printf, 1, 2))) void die(const char* format, ...);

/* hook.c: `mine` runs in the place of QEMU's helper `name`; returns how to call the original. */
Helper* hook(const char* name, Helper* mine);

/* model.c */
typedef struct Cpu Cpu;
void model_start(Helper* cpuid);
Cpu* cpu_of(Registers* registers);
unsigned cpu_apic(const Cpu* cpu);
unsigned cpu_socket(const Cpu* cpu);
bool msr_read(Cpu* cpu, uint32_t msr, uint64_t* value); /* false: not a register of RDT */
bool msr_write(Cpu* cpu, uint32_t msr, uint64_t value);

#endif
