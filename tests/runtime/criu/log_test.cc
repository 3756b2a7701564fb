#include "runtime/criu/log.h"

#include <gtest/gtest.h>

namespace berth::runtime::criu {
namespace {

TEST(CriuLog, TheLastErrorIsToldWithoutItsTime) {
  EXPECT_EQ(telling_line("(00.001) Dumping\n"
                         "(00.012566) Error (criu/sockets.c:209): sockets: Diag module missing\n"
                         "(00.695800) Error (criu/kerndat.c:1666): no nftables\n"
                         "(00.700000) bye\n"),
            "Error (criu/kerndat.c:1666): no nftables");
}

TEST(CriuLog, ThatItFailedIsToldOnlyWhereNothingElseIs) {
  EXPECT_EQ(telling_line("(00.1) Error (criu/a.c:1): the cause\n"
                         "(00.2) Error (criu/cr-dump.c:2098): Dumping FAILED.\n"),
            "Error (criu/a.c:1): the cause");
  EXPECT_EQ(telling_line("(00.2) Error (criu/cr-dump.c:2098): Dumping FAILED."),
            "Error (criu/cr-dump.c:2098): Dumping FAILED.");
}

TEST(CriuLog, WithoutAnErrorThereIsNothingToTell) {
  EXPECT_EQ(telling_line(""), "");
  EXPECT_EQ(telling_line("Warn  (criu/x.c:1): hm\nErrors are none\n"), "");
}

TEST(CriuLog, ControlCharactersAreSpelledOut) {
  EXPECT_EQ(telling_line("Error (a.c:1): file '\x1b[31m'\n"), "Error (a.c:1): file '\\x1b[31m'");
}

}  // namespace
}  // namespace berth::runtime::criu
