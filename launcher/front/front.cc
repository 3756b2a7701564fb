// What a user calls `berth`: executes the program of that name where nobody can write to it
// (runtime/process/sealed_program.h), from a read-only mount of its file that is nowhere in the
// tree. The program would do so itself, and start twice: the kernel, the dynamic linker and the C
// library take longer for that than for all else that a start needs in user space. So this is four
// system calls, without a library; where it may make no mount the program is executed as it is, and
// finds a way. x86-64 alone.
#include <asm/unistd.h>
#include <fcntl.h>
#include <linux/mount.h>

#ifndef BERTH_PROGRAM
#define BERTH_PROGRAM "/usr/libexec/berth/berth"
#endif

namespace {

// Arguments of a system call are numbers and addresses alike.
using Word = long;

Word system_call(Word number, Word a, Word b, Word c, Word d, Word e) {
  Word result = 0;
  register Word fourth __asm__("r10") = d;
  register Word fifth __asm__("r8") = e;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
                   : "rcx", "r11", "memory");
  return result;
}

template <class T>
Word address(T* pointer) {
  return reinterpret_cast<Word>(pointer);
}

constexpr char kProgram[] = BERTH_PROGRAM;
constexpr char kComplaint[] = "berth: cannot execute '" BERTH_PROGRAM "', which it is a part of\n";
constexpr int kExitBerthFailed = 125;

void execute_sealed(char** argv, char** environment) {
  const Word tree = system_call(__NR_open_tree, AT_FDCWD, address(kProgram),
                                OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, 0, 0);
  if (tree < 0) return;
  mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_RDONLY;
  if (system_call(__NR_mount_setattr, tree, address(""), AT_EMPTY_PATH, address(&attributes),
                  sizeof attributes) == 0) {
    (void)system_call(__NR_execveat, tree, address(""), address(argv), address(environment),
                      AT_EMPTY_PATH);
  }
  (void)system_call(__NR_close, tree, 0, 0, 0, 0);
}

}  // namespace

// `stack` as the kernel leaves it: the number of words, the words, null, the environment, null.
extern "C" [[noreturn, gnu::used]] void begin(Word* stack) {
  char** const argv = reinterpret_cast<char**>(stack + 1);
  char** const environment = argv + *stack + 1;
  execute_sealed(argv, environment);
  (void)system_call(__NR_execve, address(kProgram), address(argv), address(environment), 0, 0);
  (void)system_call(__NR_write, 2, address(kComplaint), sizeof kComplaint - 1, 0, 0);
  for (;;) (void)system_call(__NR_exit_group, kExitBerthFailed, 0, 0, 0, 0);
}

__asm__(
    ".globl _start\n"
    "_start:\n"
    "  xor %ebp, %ebp\n"
    "  mov %rsp, %rdi\n"
    "  and $-16, %rsp\n"
    "  call begin\n");
