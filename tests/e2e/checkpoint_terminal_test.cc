// Saved with its terminal, a container goes on at another one.
#include <gmock/gmock.h>

#include "tests/e2e/checkpoint_fixture.h"
#include "tests/e2e/outer_terminal.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RestoreAtATerminal : public Restore {
 protected:
  void SetUp() override {
    Restore::SetUp();
    if (IsSkipped()) return;
    script(
        "count=0; while read line; do count=$((count+1)); "
        "echo $count $line $(tty) $(stty size); test $line != end || exit 5; done");
    configure([](json& config) { config["process"]["terminal"] = true; });
  }
  std::vector<std::string> at_a_terminal(const std::vector<std::string>& more) const {
    std::vector<std::string> all{"env"};
    for (const auto& [name, value] : criu_variables()) all.push_back(name + "=" + value);
    for (const std::string& word : words(more)) all.push_back(word);
    return all;
  }
};

TEST_F(RestoreAtATerminal, ItGoesOnThere) {
  const std::string c = id();
  OuterTerminal first(at_a_terminal({"run", "-b", bundle(), c}), 20, 30);
  first.press("one\n");
  ASSERT_TRUE(first.shows("1 one /dev/pts/0 20 30")) << first.shown();
  const Ran saved = ask({"checkpoint", "--image-path", images(), c});
  ASSERT_EQ(saved.status, 0) << saved;
  EXPECT_EQ(first.wait(), 137) << first.shown();
  EXPECT_THAT(remains(c), IsEmpty());

  OuterTerminal second(at_a_terminal({"restore", "--image-path", images(), "-b", bundle(), c}), 33,
                       99);
  second.press("two\n");
  EXPECT_TRUE(second.shows("2 two /dev/pts/0 33 99")) << second.shown();
  EXPECT_THAT(ask({"exec", c, "ls", "-l", "/dev/console"}).out, HasSubstr("136,"));
  second.press("end\n");
  EXPECT_EQ(second.wait(), 5) << second.shown();
  EXPECT_THAT(second.shown(), HasSubstr("3 end"));
  EXPECT_THAT(remains(c), IsEmpty());
}

TEST_F(RestoreAtATerminal, SomebodyHasToShowIt) {
  const std::string c = id();
  std::filesystem::create_directory(images());
  const Ran none = ask({"restore", "-d", "--image-path", images(), "-b", bundle(), c});
  EXPECT_EQ(none.status, 1);
  EXPECT_THAT(none.err, HasSubstr("nobody stays to show it: --console-socket is wanted"));
  const Ran both = ask({"restore", "-d", "--shell-job", "--console-socket", "/x", "--image-path",
                        images(), "-b", bundle(), c});
  EXPECT_THAT(both.err, HasSubstr("--console-socket: with --shell-job"));
  EXPECT_THAT(remains(c), IsEmpty());
}

}  // namespace
}  // namespace berth::test
