#include "base/shared_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/message_of.h"

namespace berth {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(SharedLibrary, FindsAFunction) {
  const SharedLibrary maths("libm.so.6", "a test");
  EXPECT_EQ(maths.find<double (*)(double)>("floor")(2.5), 2.0);
}

TEST(SharedLibrary, SaysWhoWantsWhatIsNotThere) {
  EXPECT_THAT(test::message_of([] { const SharedLibrary none("libberth_none.so.1", "a test"); }),
              AllOf(StartsWith("a test needs libberth_none.so.1: "), HasSubstr("No such file")));
}

TEST(SharedLibrary, NamesTheFunctionThatItLacks) {
  const SharedLibrary maths("libm.so.6", "a test");
  EXPECT_THAT(test::message_of([&] { (void)maths.find<void (*)()>("berth_no_such_function"); }),
              AllOf(StartsWith("a test needs libm.so.6: "), HasSubstr("berth_no_such_function")));
}

}  // namespace
}  // namespace berth
