// Prints the program that a bundle's linux.seccomp is compiled to, as the kernel takes it: for the
// floor, which loads it and compiles nothing.
//
//   seccomp_program BUNDLE
#include <cstdio>
#include <exception>

#include "runtime/process/seccomp.h"
#include "runtime/spec/parse.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: seccomp_program BUNDLE\n");
    return 2;
  }
  try {
    const auto spec = berth::runtime::spec::load_bundle(argv[1]);
    if (!spec.linux_.seccomp) return 0;
    const auto filter = berth::runtime::process::SeccompFilter::compile(*spec.linux_.seccomp);
    const auto& program = filter.program();
    return std::fwrite(program.data(), sizeof program[0], program.size(), stdout) == program.size()
               ? 0
               : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "seccomp_program: %s\n", e.what());
    return 1;
  }
}
