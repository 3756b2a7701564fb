#include "launcher/what_if.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "launcher/imagined_rdt.h"
#include "tests/launcher/node_of_claims.h"
#include "tests/support/message_of.h"
#include "tests/support/shell.h"

namespace berth::launcher {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::vector<WhatIf> steps_of(const std::vector<std::string>& texts) {
  std::vector<WhatIf> steps;
  for (const std::string& text : texts) {
    const bool release = text.starts_with("-");
    steps.push_back(release ? WhatIf{text, text.substr(1), true, {}}
                            : parse_what_if(text, steps.size() + 1));
  }
  return steps;
}

class WhatIfOnANode : public testing::Test {
 protected:
  WhatIfResult tried(const std::vector<std::string>& texts) {
    return try_steps(node_.facts(), {}, steps_of(texts));
  }
  static const rdt::Slot& slot(const WhatIfResult& result, const std::string& claim,
                               size_t domain) {
    return result.node.layout.group_of(claim)->slots.l3[domain];
  }
  static std::string refusal(const WhatIfOutcome& outcome) {
    const auto* refused = std::get_if<rdt::Refusal>(&outcome);
    return refused == nullptr ? "" : refused->reason;
  }
  test::NodeOfClaims node_;
};

TEST(ParseWhatIf, OptionsWithoutTheirDashes) {
  const WhatIf step = parse_what_if("l3=4w,mbw=20%,cores=0-3,8,10-11,l3-share,name=big", 3);
  EXPECT_EQ(step.wish.rdt.l3, "4w");
  EXPECT_EQ(step.wish.rdt.mbw, "20%");
  EXPECT_EQ(step.wish.cores, "0-3,8,10-11");
  EXPECT_TRUE(step.wish.rdt.l3_share);
  EXPECT_EQ(step.claim, "big");
  EXPECT_FALSE(step.release);
  EXPECT_EQ(parse_what_if("l3=4w", 3).claim, "what_if_3");
  EXPECT_EQ(parse_what_if("rdt-class=gold,cores=1", 1).wish.rdt.rdt_class, "gold");
}

TEST(ParseWhatIf, SaysWhatIsAllowed) {
  for (const char* text :
       {"", "l4=2w", "l3", "l3-share=1", "cores", "name=", "8", "l3=4w,,cores=1"}) {
    EXPECT_THAT(test::message_of([&] { (void)parse_what_if(text, 1); }),
                AllOf(HasSubstr(std::string("--what-if=") + text + ": "),
                      HasSubstr("allowed are l3=AMOUNT, "), HasSubstr("cores=LIST")))
        << text;
  }
}

TEST_F(WhatIfOnANode, EachStepFindsWhatTheOneBeforeLeft) {
  node_.add_claim("job_1", "0-3", "4w");
  const WhatIfResult result = tried({"l3=3w,cores=4-5", "l3=3w,cores=6-7", "l3=2w,cores=6-7"});
  EXPECT_EQ(slot(result, "what_if_1", 0).ways, rdt::WayMask(0x70));
  EXPECT_THAT(refusal(result.outcomes[1]), HasSubstr("3 of 11 ways asked, 2 free"));
  EXPECT_EQ(slot(result, "what_if_3", 0).ways, rdt::WayMask(0x180));
  EXPECT_TRUE(result.refused());
  EXPECT_EQ(result.node.layout.member("what_if_2"), nullptr);
  EXPECT_EQ(result.node.kernel.default_group.masks.l3[0].data, rdt::WayMask(0x600));
}

TEST_F(WhatIfOnANode, AReleaseMakesRoomAndWhoIsMovedIsNamed) {
  node_.add_claim("job_1", "0-1", "4w");
  node_.add_claim("job_2", "2-3", "3w");
  const WhatIfResult result = tried({"-job_1", "l3=6w,cores=4-5"});
  EXPECT_FALSE(result.refused());
  EXPECT_TRUE(std::holds_alternative<WhatIfReleased>(result.outcomes[0]));
  const auto& grant = std::get<WhatIfGrant>(result.outcomes[1]);
  ASSERT_TRUE(grant.got);
  EXPECT_THAT(grant.movers, ElementsAre("job 2"));
  EXPECT_EQ(slot(result, "job_2", 0).ways, rdt::WayMask(0x7));
  EXPECT_EQ(slot(result, "what_if_2", 0).ways, rdt::WayMask(0x1f8));
  const std::string text = to_text(steps_of({"-job_1", "l3=6w,cores=4-5"}), result);
  EXPECT_THAT(text, HasSubstr("1. job_1: given back\n"));
  EXPECT_THAT(text, HasSubstr("to make room job 2 is moved from 0x70 to 0x7 in L3 0\n"));
}

TEST_F(WhatIfOnANode, NothingIsDone) {
  node_.add_claim("job_1", "0-3", "4w");
  const std::string before = node_.tree().schemata();
  (void)tried({"-job_1", "l3=6w,cores=8-9"});
  EXPECT_EQ(node_.tree().schemata(), before);
  EXPECT_NE(node_.facts().layout.member("job_1"), nullptr);
}

TEST_F(WhatIfOnANode, NamesAreTakenOnceAndReleasedOnce) {
  node_.add_claim("job_1", "0-3", "4w");
  const WhatIfResult result =
      tried({"l3=1w,cores=0,name=job_1", "l3=1w,cores=0,name=a", "l3=1w,cores=1,name=a", "-a", "-a",
             "l3=1w,cores=1,name=a", "-none"});
  EXPECT_THAT(refusal(result.outcomes[0]), HasSubstr("a claim 'job_1' already"));
  EXPECT_EQ(refusal(result.outcomes[1]), "");
  EXPECT_THAT(refusal(result.outcomes[2]), HasSubstr("a claim 'a' already"));
  EXPECT_EQ(refusal(result.outcomes[3]), "");
  EXPECT_THAT(refusal(result.outcomes[4]), HasSubstr("no claim 'a'"));
  EXPECT_EQ(refusal(result.outcomes[5]), "");
  EXPECT_THAT(refusal(result.outcomes[6]), HasSubstr("no claim 'none'"));
}

TEST_F(WhatIfOnANode, OthersWaysAreNotHandedOut) {
  node_.tree().add_stranger("COS1", "L3:0=1fc;1=1fc\n");
  const WhatIfResult result = tried({"l3=2w,cores=0", "l3=1w,cores=0"});
  EXPECT_EQ(slot(result, "what_if_1", 0).ways, rdt::WayMask(0x3));
  EXPECT_THAT(refusal(result.outcomes[1]), HasSubstr("0 free"));
  EXPECT_EQ(result.node.kernel.foreign.size(), 1U);
}

TEST_F(WhatIfOnANode, AStepThatMakesNoSenseIsAnErrorThatNamesIt) {
  EXPECT_THAT(test::message_of([&] { (void)tried({"l3=1w,cores=99"}); }),
              AllOf(HasSubstr("l3=1w,cores=99: "), HasSubstr("--cores=99")));
  EXPECT_THAT(test::message_of([&] { (void)tried({"l3=bad,cores=1"}); }),
              HasSubstr("l3=bad,cores=1: --l3"));
}

TEST_F(WhatIfOnANode, TheMapIsOfTheNodeAfterTheLastStep) {
  const std::vector<std::string> steps{"l3=4w,cores=0-3,name=a", "l3=2w,cores=8,name=b"};
  const WhatIfResult result = tried(steps);
  const std::string text = to_text(steps_of(steps), result);
  EXPECT_THAT(text, HasSubstr("1. a: l3=4w,cores=0-3,name=a: granted on CPUs 0-3\n"
                              "     L3 0: ways 0xf (4), 0x7f0 (7) stay with the default group\n"
                              "     group 'berth_1'\n"));
  EXPECT_THAT(text,
              HasSubstr("  a               .  .  .  .  .  .  .  #  #  #  #   4 ways, exclusive "
                        "(asked --l3=4w), CPUs 0-3\n"));
  EXPECT_THAT(text, HasSubstr("     group 'berth_1', which others have too\n"));
  EXPECT_THAT(text, HasSubstr("a: what-if on CPUs 0-3\n"));
  EXPECT_THAT(text, Not(HasSubstr("dead")));
  const auto json = nlohmann::json::parse(to_json(steps_of(steps), result));
  EXPECT_EQ(json.at("steps").at(0).at("granted"), true);
  EXPECT_EQ(json.at("steps").at(1).at("plan").at("packed"), true);
  EXPECT_EQ(json.at("node").at("l3").at(0).at("groups").at(0).at("claim"), "a");
}

TEST(WhatIfImagined, ClosidsRunOut) {
  const auto machine =
      topology::Machine::synthetic("pack:1 l3:1(indexes=0 size=20971520) core:4 pu:1");
  NodeFacts node{machine, imagined_rdt("ways=20,mb=3", machine), {}, {}, {}};
  node.kernel.default_group.masks.l3 = {{rdt::WayMask(0xfffff), rdt::WayMask(0xfffff)}};
  const WhatIfResult result =
      try_steps(node, {}, steps_of({"l3=1w,cores=0", "l3=5%,mbw=20%,cores=1", "l3=2MiB,cores=2"}));
  EXPECT_EQ(std::get<WhatIfGrant>(result.outcomes[1]).got->domains.at(0).slot.ways.count(), 1U);
  EXPECT_TRUE(std::holds_alternative<rdt::Refusal>(result.outcomes[2]));
  EXPECT_THAT(
      to_text(steps_of({"l3=1w,cores=0", "l3=5%,mbw=20%,cores=1", "l3=2MiB,cores=2"}), result),
      HasSubstr("MB 0: what_if_2 limited to 20%\n"));
}

TEST(WhatIfVerb, StepsAreTakenInTheirOrder) {
  const std::string berth = BERTH_BINARY_DIR "/berth";
  const std::vector<std::string> plan{
      berth,       "plan",
      "--machine", "pack:1 l3:1(indexes=0 size=11534336) core:8 pu:1",
      "--rdt",     "ways=11,closids=2"};
  const auto with = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words = plan;
    words.insert(words.end(), more.begin(), more.end());
    return test::run(words);
  };
  const test::Ran fits = with(
      {"--what-if", "l3=4w,cores=0,name=a", "--release", "a", "--what-if", "l3=5w,cores=1,name=b"});
  EXPECT_EQ(fits.status, 0) << fits;
  EXPECT_THAT(fits.out, HasSubstr("2. a: given back\n3. b: "));
  const test::Ran refused =
      with({"--what-if=l3=4w,cores=0,name=a", "--what-if=l3=5w,cores=1,name=b", "--release=a"});
  EXPECT_EQ(refused.status, 1) << refused;
  EXPECT_THAT(refused.out, HasSubstr("2. b: l3=5w,cores=1,name=b: refused: "));
  const test::Ran both = with({"--l3", "4w", "--what-if", "l3=4w"});
  EXPECT_EQ(both.status, 125);
  EXPECT_THAT(both.err, HasSubstr("--what-if says it all"));
  const test::Ran bad = with({"--rdt", "ways=99", "--l3", "4w"});
  EXPECT_EQ(bad.status, 125) << bad;
}

}  // namespace
}  // namespace berth::launcher
