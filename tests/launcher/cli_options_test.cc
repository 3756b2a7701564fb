#include "launcher/cli_options.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "tests/support/shell.h"

namespace berth::launcher {
namespace {

bool may_mean(const char* names, std::vector<std::string> words) {
  return MeantOptions(std::move(words)).may_mean(names);
}

TEST(MeantOptions, AreThoseThatAWordMayStandFor) {
  for (const char* word : {"--bundle", "--bundle=/b", "-bundle", "-b", "-b/srv", "-db"}) {
    EXPECT_TRUE(may_mean("-b,--bundle", {"run", word, "c"})) << word;
  }
  EXPECT_TRUE(may_mean("--no-subreaper", {"-no-subreaper"}));
  for (const char* word : {"bundle", "b", "--", "-", "-d", "--bund", "-c=1"}) {
    EXPECT_FALSE(may_mean("-b,--bundle", {"run", word, "c"})) << word;
  }
}

// Whose value it is is not known yet.
TEST(MeantOptions, AreMeantWhereverTheWordIs) {
  EXPECT_TRUE(may_mean("--log", {"run", "--pid-file", "--log", "c"}));
  EXPECT_TRUE(may_mean("--tty", {"exec", "c", "sh", "--", "--tty"}));
}

TEST(MeantOptions, AreMeantByWhatTakesThemBack) {
  EXPECT_TRUE(may_mean("!--no-new-keyring", {"--no-new-keyring"}));
  EXPECT_FALSE(may_mean("!--no-new-keyring", {"--no-pivot"}));
}

TEST(MeantOptions, WithoutADashAreAlwaysMeant) {
  EXPECT_TRUE(may_mean("id", {}));
}

TEST(MeantOptions, AreAllWhereAllAreWanted) {
  EXPECT_TRUE(MeantOptions::all().may_mean("--bundle"));
}

TEST(OptionsOf, DescribesOnlyWhatIsMeant) {
  CLI::App app;
  const MeantOptions meant({"--pid-file", "f"});
  const OptionsOf options(&app, meant);
  std::string bundle, pid_file, id;
  options.add_option("--bundle", bundle, "").type_name("DIR").required();
  options.add_option("--pid-file", pid_file, "").type_name("FILE").one_of({"f", "g"});
  options.add_option("id", id, "").required();
  EXPECT_EQ(app.get_option_no_throw("--bundle"), nullptr);
  app.parse("--pid-file f c");
  EXPECT_EQ(pid_file, "f");
  EXPECT_EQ(id, "c");
  EXPECT_THROW(app.parse("--pid-file h c"), CLI::ValidationError);
}

// The second reading's.
TEST(CommandLine, ThatIsWrongIsToldOfWithAllOptions) {
  const std::string berth = BERTH_BINARY_DIR "/berth";
  const test::Ran unknown = test::run({berth, "run", "--bundel", "/b", "c"});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.err, ::testing::HasSubstr("'--bundel'"));
  const test::Ran help = test::run({berth, "exec", "--help"});
  EXPECT_EQ(help.status, 0);
  for (const char* option : {"--cwd", "--apparmor", "--ignore-paused"}) {
    EXPECT_THAT(help.out, ::testing::HasSubstr(option));
  }
  // Of a verb whose other words are for another program, too.
  const test::Ran of_ps = test::run({berth, "ps", "none", "--help"});
  EXPECT_EQ(of_ps.status, 0);
  EXPECT_THAT(of_ps.out, ::testing::HasSubstr("--format"));
}

}  // namespace
}  // namespace berth::launcher
