#include "launcher/bundle_wish.h"

#include <gtest/gtest.h>

namespace berth::launcher {
namespace {

std::string words(const std::string& closid, std::vector<std::string> lines) {
  return to_words(options_of({.clos_id = closid, .lines = std::move(lines)}));
}

TEST(BundleWish, IsAsManyWaysAsTheWidestMaskHas) {
  EXPECT_EQ(words("", {"L3:0=f;1=3"}), "\nl3=4w");
  EXPECT_EQ(words("gold", {"L3:0=7f0", "MB:0=20;1=70"}), "\nl3=7w\nmbw=70%");
  EXPECT_EQ(words("", {"L3CODE:0=3", "L3DATA:0=ff"}), "\nl3-code=2w\nl3-data=8w");
  EXPECT_EQ(words("", {"L2:0=f;1=ff", "MB:0=2000"}), "\nl2=8w\nmbw=2000MiBps");
}

TEST(BundleWish, OfAClosidAloneIsAClass) {
  EXPECT_EQ(words("gold", {}), "\nrdt-class=gold");
  EXPECT_EQ(words("/", {}), "") << "the default group is nothing to wish for";
  EXPECT_EQ(words("", {}), "");
}

TEST(BundleWish, OfLinesThatNobodyCanReadIsNone) {
  EXPECT_EQ(words("", {"L3:0=zz", "", "what"}), "");
  EXPECT_EQ(words("", {"L3:0=zz", "MB:0=30"}), "\nmbw=30%");
}

TEST(RdtWords, AreReadAsTheyWereWritten) {
  RdtOptions options;
  options.l3 = "50%";
  options.mbw = "8GBps";
  options.l3_share = true;
  EXPECT_EQ(to_words(options), "\nl3=50%\nmbw=8GBps\nl3-share");
  EXPECT_EQ(to_words(options_from_words(to_words(options))), to_words(options));
  EXPECT_EQ(to_words(options_from_words("\nrm=-rf\nl3\n=\nl2=3w=4w")), "\nl2=3w=4w");
}

}  // namespace
}  // namespace berth::launcher
