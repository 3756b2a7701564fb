#include "base/one_line.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(OneLine, KeepsWhatCanBePrinted) {
  EXPECT_EQ(one_line("open 'caf\xc3\xa9': 100% \\ ~"), "open 'caf\xc3\xa9': 100% \\ ~");
}

TEST(OneLine, SpellsControlCharactersOut) {
  EXPECT_EQ(one_line("a\nb\r\x1b[2J\x7f"), "a\\x0ab\\x0d\\x1b[2J\\x7f");
  EXPECT_EQ(one_line(std::string_view("\0", 1)), "\\x00");
}

}  // namespace
}  // namespace berth
