#include "launcher/cli_words.h"

#include <gmock/gmock.h>

namespace berth::launcher {
namespace {

using Words = std::vector<std::string>;
using ::testing::ElementsAreArray;

Words read(const Words& words) {
  CLI::App app;
  std::string text;
  bool flag = false;
  app.add_option("--root", text);
  app.add_flag("--debug", flag);
  CLI::App* const restore = app.add_subcommand("restore");
  restore->add_option("-b,--bundle", text);
  restore->add_option("--pid-file", text);
  restore->add_flag("-d,--detach", flag);
  restore->add_flag("--no-subreaper", flag);
  restore->add_option("id", text);
  return with_two_dashes(words, app);
}

TEST(CliWords, ALongOptionMayHaveOneDash) {
  EXPECT_THAT(read({"-root", "/r", "-debug", "restore", "-no-subreaper", "-bundle=/b", "-d", "c"}),
              ElementsAreArray({"--root", "/r", "--debug", "restore", "--no-subreaper",
                                "--bundle=/b", "-d", "c"}));
}

TEST(CliWords, OthersStayAsTheyAre) {
  for (const Words& words :
       std::vector<Words>{{},
                          {"restore", "-b/bundle", "-db", "x", "-no-such", "c"},
                          {"restore", "-", "-debug"},
                          {"restore", "--", "-detach"},
                          {"none", "-root"},
                          {"restore", "-root", "/r", "c"}}) {
    EXPECT_THAT(read(words), ElementsAreArray(words));
  }
}

TEST(CliWords, AValueIsNoOption) {
  EXPECT_THAT(
      read({"--root", "-debug", "restore", "-b", "-detach", "--pid-file", "-detach"}),
      ElementsAreArray({"--root", "-debug", "restore", "-b", "-detach", "--pid-file", "-detach"}));
}

TEST(CliWords, WhatFollowsTheFirstArgumentIsTheProgramsOwn) {
  EXPECT_THAT(read({"restore", "-detach", "c", "-detach"}),
              ElementsAreArray({"restore", "--detach", "c", "-detach"}));
}

}  // namespace
}  // namespace berth::launcher
