// base/shared_library.h in the program that is linked statically: the other one takes its place.
#include "base/shared_library.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "runtime/process/sealed_program.h"

namespace berth {
namespace {

constexpr size_t kLargest = size_t{8} << 20;  // more than a new program may be given (execve(2))

// Each ends with NUL.
std::vector<char*> words_of(std::string& command_line) {
  std::vector<char*> words;
  for (size_t at = 0, end = 0; (end = command_line.find('\0', at)) != std::string::npos;) {
    words.push_back(&command_line[at]);
    at = end + 1;
  }
  words.push_back(nullptr);
  return words;
}

[[noreturn]] void become_full_program() {
  std::string command_line = read_file(AT_FDCWD, "/proc/self/cmdline", kLargest);
  const std::vector<char*> words = words_of(command_line);
  // As this program is executed, or it would execute itself once more to be so.
  runtime::process::execute_readonly(BERTH_FULL_PROGRAM, words.data(), ::environ);
  ::execve(BERTH_FULL_PROGRAM, words.data(), ::environ);
  throw Error("execute", BERTH_FULL_PROGRAM, errno);
}

}  // namespace

void want_shared_libraries() {
  become_full_program();
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): the constructor of the other program's, too
SharedLibrary::SharedLibrary(const char* /*file*/, std::string /*wanted_by*/) {
  become_full_program();
}

void* SharedLibrary::address(const char* /*name*/) const {
  return nullptr;  // there is no such object
}

}  // namespace berth
