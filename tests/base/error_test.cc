#include "base/error.h"

#include <gtest/gtest.h>

namespace berth {
namespace {

TEST(Error, NamesOperationObjectAndErrno) {
  const Error e("open_tree", "/scratch", EACCES);
  EXPECT_STREQ(e.what(), "open_tree '/scratch': permission denied");
  EXPECT_EQ(e.code(), EACCES);
}

TEST(Error, WithinPutsTheOuterStepFirstAndKeepsTheCode) {
  const Error e = Error("open_tree", "/scratch", EACCES).within("start task 3");
  EXPECT_STREQ(e.what(), "start task 3: open_tree '/scratch': permission denied");
  EXPECT_EQ(e.code(), EACCES);
}

TEST(Error, ANoteIsItsEndUnlessThereIsNone) {
  const Error e("open_tree", "/scratch", EACCES);
  EXPECT_STREQ(e.with_note("it is not ours").what(),
               "open_tree '/scratch': permission denied (it is not ours)");
  EXPECT_STREQ(e.with_note("").what(), "open_tree '/scratch': permission denied");
  EXPECT_EQ(e.with_note("it is not ours").code(), EACCES);
}

TEST(Error, SpellsErrnoInLowerCase) {
  EXPECT_EQ(errno_text(EIO), "input/output error");
  EXPECT_EQ(errno_text(ENOENT), "no such file or directory");
  EXPECT_EQ(errno_text(ENOEXEC), "exec format error");
}

TEST(Check, PassesAResultThroughAndThrowsWithErrno) {
  EXPECT_EQ(check(7, "read"), 7);
  errno = ENOENT;
  try {
    check(-1, "open", "x");
    FAIL() << "no exception";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ENOENT);
    EXPECT_STREQ(e.what(), "open 'x': no such file or directory");
  }
}

}  // namespace
}  // namespace berth
