/*
 * Replaces QEMU's functions for CPUID, RDMSR and WRMSR in a stripped program. QEMU describes each
 * by struct { void* function; const char* name; ... } so the writable segments are searched for a
 * pointer into code followed by one to the name. QEMU 8.1 and later read the function from there
 * when they translate: it is overwritten. Before, the description is read-only and the address
 * compiled in: the function's first instructions are moved elsewhere and a jump to ours takes their
 * place.
 */
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <sys/mman.h>

#include "rdtsim.h"

enum { kMostSegments = 16, kPage = 4096, kJump = 14 };

typedef struct {
  uint8_t *begin, *end;
  uint32_t flags;
} Segment;

static Segment segments[kMostSegments];
static int segment_count;
static Segment relro; /* made read-only after relocation */

static int collect(struct dl_phdr_info* info, size_t size, void* unused) {
  (void)size, (void)unused;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr)* header = &info->dlpi_phdr[i];
    uint8_t* begin = (uint8_t*)(info->dlpi_addr + header->p_vaddr);
    if (header->p_type == PT_LOAD && segment_count < kMostSegments)
      segments[segment_count++] = (Segment){begin, begin + header->p_filesz, header->p_flags};
    if (header->p_type == PT_GNU_RELRO) relro = (Segment){begin, begin + header->p_memsz, 0};
  }
  return 1; /* the program itself comes first, libraries do not matter */
}

static bool contains(const Segment* segment, const void* address) {
  return (const uint8_t*)address >= segment->begin && (const uint8_t*)address < segment->end;
}

static bool in_segment_with(const void* address, uint32_t mask, uint32_t flags) {
  for (int i = 0; i < segment_count; i++)
    if ((segments[i].flags & mask) == flags && contains(&segments[i], address)) return true;
  return false;
}

static void** description_of(const char* name) {
  void** found = NULL;
  for (int i = 0; i < segment_count; i++) {
    if (!(segments[i].flags & PF_W)) continue;
    void** word = (void**)(((uintptr_t)segments[i].begin + 7) & ~(uintptr_t)7);
    for (; (uint8_t*)(word + 2) <= segments[i].end; word++) {
      if (!in_segment_with(word[1], PF_R | PF_W, PF_R) || !in_segment_with(word[0], PF_X, PF_X) ||
          strcmp(word[1], name) != 0)
        continue;
      if (found && *found != *word) die("this QEMU has two helpers '%s'", name);
      found = word;
    }
  }
  if (!found) die("this QEMU has no helper '%s'", name);
  return found;
}

/* The length of the instruction, which must be one that works at any address. */
static size_t movable(const uint8_t* code) {
  const uint8_t* op = code;
  if (!memcmp(code, "\xf3\x0f\x1e\xfa", 4)) return 4; /* endbr64 */
  bool rex = (*op & 0xf0) == 0x40, wide = rex && (*op & 8);
  if (rex) op++;
  if ((*op & 0xf8) == 0x50) return (size_t)(op + 1 - code);          /* push */
  if ((*op & 0xf8) == 0xb8 && !wide) return (size_t)(op + 5 - code); /* mov $imm32,reg */
  bool two_registers = *op == 0x31 || *op == 0x89 || *op == 0x8b;    /* xor, mov, mov */
  if (two_registers || *op == 0x83 || *op == 0x81) {                 /* or sub $imm and its like */
    int immediate = *op == 0x83 ? 1 : *op == 0x81 ? 4 : 0;
    int mode = op[1] >> 6;
    bool sib = (op[1] & 7) == 4;
    if (mode == 3) return (size_t)(op + 2 + immediate - code);
    if (mode == 1) return (size_t)(op + 3 + sib + immediate - code); /* disp8(reg) */
  }
  die("cannot move the instruction %02x %02x %02x %02x", code[0], code[1], code[2], code[3]);
}

static void put_jump(uint8_t* at, const void* to) { /* jmp *0(%rip), and the address */
  memcpy(at, "\xff\x25\0\0\0\0", 6);
  memcpy(at + 6, &to, sizeof to);
}

static Helper* patch(const char* name, uint8_t* function, Helper* mine) {
  size_t moved = 0;
  while (moved < kJump) moved += movable(function + moved);
  uint8_t* original =
      mmap(NULL, kPage, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  uint8_t* page = (uint8_t*)((uintptr_t)function & ~(uintptr_t)(kPage - 1));
  size_t length = (size_t)(function + kJump - page);
  if (original == MAP_FAILED || mprotect(page, length, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
    die("cannot patch '%s': %s", name, strerror(errno));
  memcpy(original, function, moved);
  put_jump(original + moved, function + moved);
  put_jump(function, (const void*)(uintptr_t)mine);
  mprotect(page, length, PROT_READ | PROT_EXEC);
  return (Helper*)(uintptr_t)original;
}

Helper* hook(const char* name, Helper* mine) {
  if (!segment_count) dl_iterate_phdr(collect, NULL);
  void** description = description_of(name);
  uint8_t* function = *description;
  if (contains(&relro, description)) return patch(name, function, mine);
  *description = (void*)(uintptr_t)mine;
  return (Helper*)(uintptr_t)function;
}
