#include "spank/step.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "tests/support/message_of.h"

namespace berth::spank {
namespace {

Settings parsed(std::vector<std::string> words) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  return parse_settings(static_cast<int>(argv.size()), argv.data());
}

TEST(Settings, AreThoseOfTheLineInPlugstackConf) {
  const Settings none = parsed({});
  EXPECT_FALSE(none.policy_required);
  EXPECT_FALSE(none.trace_time);
  const Settings all = parsed({"launcher=/opt/berth", "trace_time", "policy=/etc/p.json"});
  EXPECT_EQ(all.launcher, "/opt/berth");
  EXPECT_EQ(all.policy_file, "/etc/p.json");
  EXPECT_TRUE(all.policy_required);
  EXPECT_TRUE(all.trace_time);
}

TEST(Settings, AnotherWordIsRefused) {
  for (const char* word : {"trace_time=1", "policy=p.json", "verbose"}) {
    EXPECT_THAT(test::message_of([&] { parsed({word}); }),
                ::testing::StartsWith("plugstack.conf: '" + std::string(word) + "' is not"));
  }
}

}  // namespace
}  // namespace berth::spank
