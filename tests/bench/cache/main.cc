// A worker is the program that started it, again.
#include <gtest/gtest.h>

#include <string_view>

#include "bench/cache/worker.h"

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "worker") {
    return berth::cache_bench::work(argv[2]);
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
