// What a start executes lies side by side in the program (launcher/standalone/start_order.ld).
#include <fcntl.h>
#include <gtest/gtest.h>

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "tests/support/shell.h"

namespace berth {
namespace {

const std::string kBerth = BERTH_BINARY_DIR "/berth";

// The functions that the script names. A clone that the compiler made has a number of its own,
// which may be another one with the next compiler.
std::vector<std::string> named_functions() {
  std::istringstream script(
      read_file(AT_FDCWD, BERTH_SOURCE_DIR "/launcher/standalone/start_order.ld"));
  std::vector<std::string> names;
  for (std::string line; std::getline(script, line);) {
    const size_t begin = line.find("*(.text._Z");
    if (begin == std::string::npos || line.find('.', begin + 8) != std::string::npos) continue;
    names.push_back(line.substr(begin + 8, line.find(')') - begin - 8));
  }
  return names;
}

std::map<std::string, unsigned long> functions_of_program() {
  std::istringstream lines(test::run({"nm", "--defined-only", kBerth}).out);
  std::map<std::string, unsigned long> found;
  std::string address, kind, name;
  while (lines >> address >> kind >> name) {
    found.emplace(name, std::stoul(address, nullptr, 16));
  }
  return found;
}

// Begin and end of the section.
std::pair<unsigned long, unsigned long> section(const std::string& name) {
  std::istringstream lines(test::run({"objdump", "-hw", kBerth}).out);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string number, found, size, address;
    words >> number >> found >> size >> address;
    if (found != name) continue;
    const unsigned long begin = std::stoul(address, nullptr, 16);
    return {begin, begin + std::stoul(size, nullptr, 16)};
  }
  return {0, 0};
}

// Where the code has changed much the script is to be made anew: bench/start/start_order.
TEST(StartOrder, HasWhatTheProgramHas) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "built with sanitizers, which no static program has";
#endif
  const auto functions = functions_of_program();
  const auto [begin, end] = section(".text.start");
  ASSERT_GT(end, begin) << "the linker took no script";
  const auto names = named_functions();
  ASSERT_GT(names.size(), 500U);
  size_t placed = 0;
  for (const std::string& name : names) {
    const auto found = functions.find(name);
    if (found != functions.end() && found->second >= begin && found->second < end) ++placed;
  }
  EXPECT_GT(placed * 10, names.size() * 8) << placed << " of " << names.size();
}

}  // namespace
}  // namespace berth
