// What is wrong with config.json as JSON, and what is hostile in it. Mistakes in its values:
// bad_config/.
#include <gtest/gtest.h>

#include <string>

#include "base/error.h"
#include "runtime/spec/parse.h"

namespace berth::runtime::spec {
namespace {

std::string error_of(const std::string& text) {
  try {
    parse_spec(text);
  } catch (const Error& e) {
    return e.message();
  }
  return "no error";
}

TEST(Syntax, NamesLineAndColumn) {
  const std::string message = error_of("{\n  \"ociVersion\": \"1.0.0\",\n      x\n}");
  EXPECT_TRUE(message.starts_with("config.json: line 3, column 7: ")) << message;
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_EQ(message.find("json.exception"), std::string::npos) << message;
}

TEST(Syntax, EmptyFileIsAnError) {
  const std::string message = error_of("");
  EXPECT_TRUE(message.starts_with("config.json: line 1, column 1: ")) << message;
}

TEST(Syntax, CutOffFileIsAnError) {
  const std::string message = error_of("{\"ociVersion\": \"1.0.0\",\n\"root\": {");
  EXPECT_TRUE(message.starts_with("config.json: line 2, column 10: ")) << message;
}

TEST(Syntax, PropertyGivenTwiceIsAnError) {
  EXPECT_EQ(error_of(R"({"root": {"path": "a", "path": "b"}})"),
            "config.json: property 'path' is given twice in one object");
}

TEST(Syntax, TopMustBeAnObject) {
  EXPECT_EQ(error_of("[]"), "config.json: expected an object, found an array");
  EXPECT_EQ(error_of("3"), "config.json: expected an object, found a number");
}

TEST(Hostile, DeepNestingIsRefused) {
  EXPECT_EQ(error_of(std::string(2'000'000, '[')), "config.json: nested deeper than 32 levels");
  std::string objects;
  for (int i = 0; i < 200'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(error_of(objects), "config.json: nested deeper than 32 levels");
}

TEST(Hostile, NumbersBeyondEveryTypeAreErrors) {
  EXPECT_NE(error_of(R"({"ociVersion": 1e999999})"), "no error");
}

TEST(Hostile, InvalidUtf8IsAnError) {
  const std::string message = error_of("{\"ociVersion\": \"\xff\xfe\"}");
  EXPECT_TRUE(message.starts_with("config.json: line 1, column 17: ")) << message;
}

TEST(Hostile, ValuesCannotBreakTheLineOrFloodIt) {
  const std::string message =
      error_of("{\"ociVersion\": \"9\\n" + std::string(100'000, 'x') + "\"}");
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_LT(message.size(), 400u);
}

}  // namespace
}  // namespace berth::runtime::spec
