// The exact line for each kind of mistake in config.json.
#include <gtest/gtest.h>

#include <set>

#include "base/error.h"
#include "runtime/spec/parse.h"
#include "tests/runtime/spec/bad_config/bad_config.h"

namespace berth::test {
namespace {

std::string error_of(const std::string& config) {
  try {
    (void)runtime::spec::parse_spec(config);
  } catch (const Error& e) {
    return e.message();
  }
  return "no error";
}

TEST(BadConfig, TheConfigurationThatIsPatchedIsGood) {
  EXPECT_EQ(error_of(good_config()), "no error");
}

TEST(BadConfig, IsOneLineWithTheKeyPathTheValueAndWhatIsAllowed) {
  for (const BadConfig& bad : all_bad_configs()) {
    EXPECT_EQ(error_of(patched_config(bad.patch)), std::string("config.json: ") + bad.message)
        << bad.patch;
  }
}

TEST(BadConfig, NoneIsThereTwice) {
  std::set<std::string> seen;
  for (const BadConfig& bad : all_bad_configs()) {
    EXPECT_TRUE(seen.insert(bad.patch).second) << bad.patch;
  }
  EXPECT_GE(seen.size(), 200U);
}

}  // namespace
}  // namespace berth::test
