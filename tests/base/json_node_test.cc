#include "base/json_node.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/message_of.h"

namespace berth {
namespace {

using test::message_of;

const nlohmann::json kJson = nlohmann::json::parse(R"({
  "a": {"list": [1, {"x y": "text"}], "none": null, "big": 18446744073709551615, "minus": -1},
  "nul": "a\u0000b", "lines": "a\nb"})");

TEST(JsonNode, AnErrorNamesTheDocumentAndTheKeyPath) {
  const JsonNode root(kJson, "some.json");
  const JsonNode a = root.at("a"), list = a.at("list"), object = list.elements()[1];
  EXPECT_EQ(object.at("x y").path(), "a.list[1].x y");
  EXPECT_EQ(message_of([&] { (void)object.at("x y").boolean(); }),
            "some.json: a.list[1].x y: expected a boolean, found a string");
  EXPECT_EQ(message_of([&] { (void)object.at("z"); }), "some.json: a.list[1].z: missing");
  EXPECT_EQ(message_of([&] { root.at("lines").fail_value("is wrong"); }),
            "some.json: lines: 'a\\x0ab' is wrong");
  EXPECT_EQ(message_of([&] { root.fail("is wrong"); }), "some.json: is wrong");
}

TEST(JsonNode, NullIsAbsent) {
  const JsonNode root(kJson, "d");
  const JsonNode a = root.at("a");
  EXPECT_FALSE(a.find("none"));
  EXPECT_EQ(a.string_or("none", "x"), "x");
}

TEST(JsonNode, AKeyMayBeWrittenInOtherCases) {
  const auto json = nlohmann::json::parse(R"({"Cpus": 1, "mems": 2, "MEMS": 3, "cpu": 4})");
  const JsonNode root(json, "d");
  EXPECT_EQ(root.at("cpus").integer<int>(), 1);
  EXPECT_EQ(root.at("cpus").path(), "Cpus") << "as it is written";
  EXPECT_EQ(root.at("mems").integer<int>(), 2) << "its own name comes first";
  EXPECT_FALSE(root.find("cpus2"));
}

TEST(JsonNode, ThePresentPropertiesAreNotNull) {
  const JsonNode root(kJson, "d");
  const JsonNode a = root.at("a");
  EXPECT_EQ(a.properties().size(), 4U);
  std::vector<std::string_view> keys;
  for (const JsonNode& node : a.present()) keys.push_back(node.key());
  EXPECT_EQ(keys, (std::vector<std::string_view>{"big", "list", "minus"}));
  EXPECT_TRUE(a.is_object());
  EXPECT_TRUE(a.at("list").is_array());
  EXPECT_FALSE(a.at("list").is_object());
  EXPECT_FALSE(a.is_array());
}

TEST(JsonNode, OnlyTheseKeysMayBeThere) {
  const JsonNode root(kJson, "d");
  const JsonNode a = root.at("a");
  EXPECT_EQ(message_of([&] {
              a.allow_only({"list", "none", "big", "minus", "more"});
            }),
            "no error");
  EXPECT_EQ(message_of([&] {
              a.allow_only({"list", "none", "minus"});
            }),
            "d: a.big: unknown key; allowed are list, none, minus");
  EXPECT_EQ(message_of([&] { a.at("list").allow_only({}); }),
            "d: a.list: expected an object, found an array");
}

TEST(JsonNode, AWordIsOneOfThose) {
  const JsonNode root(kJson, "d");
  const JsonNode a = root.at("a"), list = a.at("list"), object = list.elements()[1];
  const JsonNode word = object.at("x y");
  EXPECT_EQ(word.one_of<int>({{"other", 1}, {"text", 2}}), 2);
  EXPECT_EQ(message_of([&] {
              (void)word.one_of<int>({{"other", 1}, {"Text", 2}});
            }),
            "d: a.list[1].x y: 'text' is not one of other, Text");
}

TEST(JsonNode, IntegersKeepToTheirBounds) {
  const JsonNode root(kJson, "d");
  const JsonNode a = root.at("a");
  const JsonNode big = a.at("big"), minus = a.at("minus");
  EXPECT_EQ(big.integer<uint64_t>(), UINT64_MAX);
  EXPECT_EQ(minus.integer<int>(), -1);
  EXPECT_EQ(big.integer_within<int64_t>(INT64_MIN, INT64_MAX), std::nullopt);
  EXPECT_EQ(minus.integer_within<uint64_t>(0, UINT64_MAX), std::nullopt);
  EXPECT_EQ(a.at("list").integer_within<int>(0, 1), std::nullopt);
  EXPECT_EQ(message_of([&] { (void)minus.integer<int>(0, 9); }),
            "d: a.minus: -1 is not between 0 and 9");
  EXPECT_EQ(message_of([&] { (void)root.at("nul").integer<int>(); }),
            "d: nul: expected a whole number, found a string");
}

TEST(JsonNode, StringsEndInSystemCalls) {
  const JsonNode root(kJson, "d");
  EXPECT_EQ(message_of([&] { (void)root.at("nul").string(); }),
            "d: nul: 'a\\x00b' contains a NUL character");
  EXPECT_EQ(message_of([&] { (void)root.at("lines").absolute_path(); }),
            "d: lines: 'a\\x0ab' is not an absolute path");
}

TEST(InQuotes, IsOneLineAndNotTooLong) {
  EXPECT_EQ(in_quotes("a\nb"), "'a\\x0ab'");
  EXPECT_EQ(in_quotes(std::string(201, 'x')), "'" + std::string(200, 'x') + "...'");
}

}  // namespace
}  // namespace berth
