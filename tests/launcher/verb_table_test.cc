#include "launcher/verb_table.h"

#include <gtest/gtest.h>

namespace berth::launcher {
namespace {

std::string described(const std::vector<std::string>& words) {
  VerbTable table;
  std::string names;
  for (const char* name : {"run", "kill", "list"}) {
    table.offer(name, [&names, name] { names += std::string(name) + " "; });
  }
  table.describe(words);
  return names;
}

TEST(VerbTable, DescribesTheVerbThatIsNamed) {
  EXPECT_EQ(described({"--root", "/r", "kill", "id"}), "kill ");
}

TEST(VerbTable, AnIdMayHaveTheNameOfAVerb) {
  EXPECT_EQ(described({"kill", "run"}), "run kill ");
}

TEST(VerbTable, DescribesAllWhereNoneIsNamed) {
  EXPECT_EQ(described({}), "run kill list ");
  EXPECT_EQ(described({"--version"}), "run kill list ");
  EXPECT_EQ(described({"walk"}), "run kill list ");
}

TEST(VerbTable, DescribesAllWhereHelpForAllIsAskedFor) {
  EXPECT_EQ(described({"--help", "run"}), "run kill list ");
  EXPECT_EQ(described({"run", "--help"}), "run ");
}

}  // namespace
}  // namespace berth::launcher
