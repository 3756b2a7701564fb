#include "runtime/systemd/annotations.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/message_of.h"

namespace berth::runtime::systemd {
namespace {

using test::message_of;

std::vector<Property> properties(const std::string& name, const std::string& text) {
  return annotated_properties({{"org.systemd.property." + name, text}});
}

TEST(Annotations, ThatAreNotSystemdsArePassedOver) {
  EXPECT_TRUE(annotated_properties({{"org.systemd.other", "x"}, {"a", "b"}}).empty());
}

TEST(Annotations, ArePropertiesByName) {
  EXPECT_EQ(properties("CollectMode", "'inactive-or-failed'"),
            (std::vector<Property>{{"CollectMode", text("inactive-or-failed")}}));
  EXPECT_EQ(properties("SendSIGHUP", "true"),
            (std::vector<Property>{{"SendSIGHUP", boolean(true)}}));
}

TEST(Annotations, InSecondsBecomeMicroseconds) {
  const std::vector<Property> expected{{"TimeoutStopUSec", unsigned_64(5'000'000)}};
  EXPECT_EQ(properties("TimeoutStopSec", "5"), expected);
  EXPECT_EQ(properties("TimeoutStopSec", "uint64 5"), expected);
  EXPECT_EQ(properties("TimeoutStopSec", "5.0"), expected);
  EXPECT_EQ(properties("TimeoutStopUSec", "uint64 5000000"), expected);
}

struct Case {
  const char *name, *text, *why;
};
void PrintTo(const Case& of, std::ostream* out) {
  *out << of.name << "=" << of.text;
}

class BadAnnotations : public ::testing::TestWithParam<Case> {};

TEST_P(BadAnnotations, AreRefusedWithTheKeyAndTheValue) {
  const auto& [name, text, why] = GetParam();
  EXPECT_EQ(message_of([&] { (void)properties(name, text); }),
            std::string("config.json: annotations.org.systemd.property.") + name + ": '" + text +
                "': " + why);
}

constexpr const char* kName = "a property's name is three letters or more, and nothing but letters";

INSTANTIATE_TEST_SUITE_P(
    Annotations, BadAnnotations,
    ::testing::Values(
        Case{"", "1", kName}, Case{"ab", "1", kName}, Case{"Memory2", "1", kName},
        Case{"Me-mory", "1", kName}, Case{"TimeoutStopSec", "'5'", "it is not a number of seconds"},
        Case{"TimeoutStopSec", "-5", "it is not a number of seconds"},
        Case{"TimeoutStopSec", "uint64 18446744073709551615", "it is more seconds than there are"},
        Case{"Slice", "system", "'system' is neither a value nor a type: a text is in quotes"}));

}  // namespace
}  // namespace berth::runtime::systemd
