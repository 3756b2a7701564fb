#include "runtime/systemd/value_text.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/message_of.h"

namespace berth::runtime::systemd {
namespace {

using test::message_of;

// `u:5`, `as:[s:a,s:b]`, `(ss):[...]`.
std::string shown(const Value& value) {
  std::string text = value.signature + ":";
  if (const auto* const flag = std::get_if<bool>(&value.basic)) return text + (*flag ? "1" : "0");
  if (const auto* const n = std::get_if<int64_t>(&value.basic)) return text + std::to_string(*n);
  if (const auto* const n = std::get_if<uint64_t>(&value.basic)) return text + std::to_string(*n);
  if (const auto* const n = std::get_if<double>(&value.basic)) return text + std::to_string(*n);
  if (const auto* const s = std::get_if<std::string>(&value.basic)) return text + *s;
  text += "[";
  for (const Value& element : value.elements) {
    text += (text.ends_with('[') ? "" : ",") + shown(element);
  }
  return text + "]";
}

struct Text {
  const char *text, *value;
};
void PrintTo(const Text& of, std::ostream* out) {
  *out << of.text;
}

class Texts : public ::testing::TestWithParam<Text> {};

TEST_P(Texts, AreValues) {
  EXPECT_EQ(shown(parse_value(GetParam().text)), GetParam().value);
}

INSTANTIATE_TEST_SUITE_P(
    ValueText, Texts,
    ::testing::Values(
        Text{"true", "b:1"}, Text{" false ", "b:0"}, Text{"5", "i:5"}, Text{"-5", "i:-5"},
        Text{"+5", "i:5"}, Text{"0x1f", "i:31"}, Text{"2147483647", "i:2147483647"},
        Text{"1.5", "d:1.500000"}, Text{"2e3", "d:2000.000000"}, Text{"double 2", "d:2.000000"},
        Text{"uint64 18446744073709551615", "t:18446744073709551615"}, Text{"byte 255", "y:255"},
        Text{"int16 -32768", "n:-32768"}, Text{"uint16 65535", "q:65535"}, Text{"uint32 7", "u:7"},
        Text{"int64 -9223372036854775808", "x:-9223372036854775808"}, Text{"@t 7", "t:7"},
        Text{"boolean true", "b:1"}, Text{"'a b'", "s:a b"}, Text{"\"it's\"", "s:it's"},
        Text{R"('it\'s')", "s:it's"}, Text{R"('a\\\\b\tc')", "s:a\\\\b\tc"},
        Text{"string 'x'", "s:x"}, Text{"objectpath '/a'", "o:/a"},
        Text{"['a', 'b']", "as:[s:a,s:b]"}, Text{"@as []", "as:[]"},
        Text{"[uint32 1, 2]", "au:[u:1,u:2]"}, Text{"@au [1,2]", "au:[u:1,u:2]"},
        Text{"[['a'],[]]", "aas:[as:[s:a],as:[]]"}, Text{"('a', uint64 1)", "(st):[s:a,t:1]"},
        Text{"@a(st) [('/dev/x', 5)]", "a(st):[(st):[s:/dev/x,t:5]]"}));

class NoTexts : public ::testing::TestWithParam<Text> {};

TEST_P(NoTexts, AreRefusedWithAReason) {
  EXPECT_EQ(message_of([] { (void)parse_value(GetParam().text); }), GetParam().value);
}

INSTANTIATE_TEST_SUITE_P(
    ValueText, NoTexts,
    ::testing::Values(Text{"", "a value is missing"}, Text{"uint64", "a value is missing"},
                      Text{"inactive",
                           "'inactive' is neither a value nor a type: a text is in quotes"},
                      Text{"1 2", "there is more behind the value"},
                      Text{"'a", "a string has no end"}, Text{"'a\\", "a string has no end"},
                      Text{"2147483648", "'2147483648' is not a number of type 'i'"},
                      Text{"uint32 -1", "'-1' is not a number of type 'u'"},
                      Text{"byte 256", "'256' is not a number of type 'y'"},
                      Text{"5x", "'5x' is not a number of type 'i'"},
                      Text{"0x", "'0x' is not a number of type 'i'"},
                      Text{"[]", "an empty array needs its type, as in '@as []'"},
                      Text{"['a', 1]", "it is a number where type 's' is wanted"},
                      Text{"['a' 'b']", "a ',' or ']' is missing"},
                      Text{"['a',", "a value is missing"},
                      Text{"@as 'a'", "it is a string where type 'as' is wanted"},
                      Text{"@zz 1", "'zz' is not a type that is known here"},
                      Text{"@a(s [1]", "'a(s' is not a type that is known here"},
                      Text{"()", "a tuple has no elements"},
                      Text{"@(ss) ('a',)", "it is a shorter tuple where type '(ss)' is wanted"},
                      Text{"uint32 true", "it is a boolean where type 'u' is wanted"},
                      Text{"[[[[[[[[[[1]]]]]]]]]]", "it is nested too deep"},
                      Text{"'\\u0041'", "a string has a '\\u', which is not known here"}));

}  // namespace
}  // namespace berth::runtime::systemd
