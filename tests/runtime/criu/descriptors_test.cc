#include "runtime/criu/descriptors.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "tests/support/message_of.h"

namespace berth::runtime::criu {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Descriptors, AreWrittenAsRuncWritesThem) {
  const Descriptors names{"/dev/null", "pipe:[12]", "pipe:[13]"};
  const std::string text = descriptors_json(names);
  EXPECT_EQ(text, R"(["/dev/null","pipe:[12]","pipe:[13]"])");
  EXPECT_EQ(parse_descriptors(text), names);
}

TEST(Descriptors, ANameOfAnyBytesIsWritten) {
  EXPECT_NO_THROW(descriptors_json({"/tmp/\xff", "", ""}));
}

TEST(Descriptors, AnythingElseIsRefused) {
  for (const char* const text : {"", "{}", "[]", R"(["a","b"])", R"(["a","b","c","d"])",
                                 R"(["a","b",3])", R"(["a","b","c")"}) {
    EXPECT_THAT(test::message_of([&] { (void)parse_descriptors(text); }),
                HasSubstr("descriptors.json: an array of three strings is wanted"))
        << text;
  }
}

TEST(Descriptors, WhatComesFromOutsideIsInherited) {
  EXPECT_THAT(inherited({"/dev/null", "pipe:[12]", "file[1f:2a]"}),
              ElementsAre("fd[1]:pipe:[12]", "fd[2]:file[1f:2a]"));
  EXPECT_THAT(inherited({"/dev/null", "/log", "socket:[3]"}), IsEmpty());
}

TEST(Descriptors, OneThatIsThereTwiceIsInheritedOnce) {
  EXPECT_THAT(inherited({"pipe:[7]", "pipe:[12]", "pipe:[12]"}),
              ElementsAre("fd[0]:pipe:[7]", "fd[1]:pipe:[12]"));
}

}  // namespace
}  // namespace berth::runtime::criu
