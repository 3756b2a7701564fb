/*
 * rdtsim: Intel RDT (CAT, CDP, MBA, CMT, MBM) for a stock QEMU that runs under TCG.
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

/* What the simulated processor has; RDTSIM="name=value,..." in the environment changes it. */
typedef struct {
  uint64_t ways;      /* length of an L3 mask */
  uint64_t waykb;     /* KiB in a way; leaf 4 tells the same size */
  uint64_t clos;      /* L3 classes of service */
  uint64_t shareable; /* ways other agents may use too */
  uint64_t l3;        /* has L3 CAT */
  uint64_t cdp;       /* has code and data prioritization */
  uint64_t mba;       /* has MBA */
  uint64_t mbaclos;   /* MBA classes of service */
  uint64_t mbadelay;  /* most throttling, per cent */
  uint64_t mon;       /* has CMT and MBM */
  uint64_t rmids;     /* monitoring ids */
  uint64_t scale;     /* bytes in a counter's unit */
  uint64_t mbps;      /* MB/s that a running CPU is taken to move */
} Options;
extern Options options;

enum { kMostClos = 128, kMostRmids = 1024 };

enum Msr {
  kL3QosCfg = 0xc81,
  kQmEvtsel = 0xc8d,
  kQmCtr = 0xc8e,
  kPqrAssoc = 0xc8f,
  kL3Mask = 0xc90,
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
