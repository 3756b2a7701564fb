#include "rdt/container_group.h"

#include <gmock/gmock.h>

#include "base/error.h"
#include "tests/support/message_of.h"
#include "tests/support/resctrl_tree.h"

namespace berth::rdt {
namespace {

using test::message_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ContainerGroupTest : public testing::Test {
 protected:
  ContainerGroup make(const std::string& container, const ContainerWish& wish) const {
    return make_container_group(resctrl_, container, wish);
  }
  std::string refused(const std::string& container, const ContainerWish& wish) const {
    return message_of([&] { (void)make(container, wish); });
  }
  std::vector<std::string> groups() const { return resctrl_.group_names(); }

  ResctrlTree tree_;
  Resctrl resctrl_ = tree_.resctrl();
  const Schemata low_ = parse_schemata("L3:0=f;1=f\n");
};

TEST_F(ContainerGroupTest, WithoutAClosidItHasTheContainersNameAndGoesWithIt) {
  const ContainerGroup group = make("web", {"", low_});
  EXPECT_EQ(group.name, "web");
  EXPECT_TRUE(group.made && group.goes_with_it);
  EXPECT_TRUE(contains(resctrl_.find("web")->schemata(), low_));
  remove_container_group(resctrl_, group);
  EXPECT_THAT(groups(), IsEmpty());
  EXPECT_NO_THROW(remove_container_group(resctrl_, group)) << "what is gone is gone";
}

TEST_F(ContainerGroupTest, WithAClosidItIsMadeAndStays) {
  const ContainerGroup group = make("web", {"gold", low_});
  EXPECT_TRUE(group.made);
  EXPECT_FALSE(group.goes_with_it);
  remove_container_group(resctrl_, group);
  EXPECT_THAT(groups(), ElementsAre("gold"));
  undo_container_group(resctrl_, group);
  EXPECT_THAT(groups(), IsEmpty()) << "nobody could use it";
}

TEST_F(ContainerGroupTest, OneThatIsThereIsComparedAndNeverWritten) {
  tree_.add_stranger("gold", "L3:0=f;1=7f0\nMB:0=40;1=100\n");
  const std::string before = tree_.schemata("gold");
  const auto wish = [](const char* lines) { return ContainerWish{"gold", parse_schemata(lines)}; };
  for (const char* equal : {"L3:0=f\n", "L3:0=00f;1=7f0\nMB:1=100\n", "MB:0=35\n", "MB:0=40\n"}) {
    const ContainerGroup group = make("web", wish(equal));
    EXPECT_FALSE(group.made) << equal;
    undo_container_group(resctrl_, group);
  }
  EXPECT_EQ(refused("web", wish("L3:0=ff\n")),
            "resctrl group 'gold' is there with 'L3:0=f;1=7f0 MB:0=40;1=100', and not with "
            "'L3:0=ff'");
  for (const char* other : {"MB:0=30\n", "MB:0=41\n", "L3:5=f\n", "L2:0=f\n"}) {
    EXPECT_THAT(refused("web", wish(other)), HasSubstr("and not with")) << other;
  }
  EXPECT_EQ(tree_.schemata("gold"), before);
  EXPECT_THAT(groups(), ElementsAre("gold"));
}

TEST_F(ContainerGroupTest, AnotherOnesGroupOfTheContainersNameStays) {
  tree_.add_stranger("web", "L3:0=f;1=f\n");
  remove_container_group(resctrl_, make("web", {}));
  remove_container_group(resctrl_, make("web", {"", low_}));
  EXPECT_THAT(groups(), ElementsAre("web"));
  EXPECT_THAT(refused("web", {"", parse_schemata("L3:0=ff\n")}), HasSubstr("and not with"));
}

TEST_F(ContainerGroupTest, AMonitorGroupGoesWithTheContainerWhoeversTheGroupIs) {
  tree_.add_stranger("gold", "L3:0=f;1=f\n");
  const ContainerGroup group = make("web", {"gold", {}, true});
  EXPECT_EQ(group.monitor, "web");
  EXPECT_THAT(resctrl_.find("gold")->monitor_names(), ElementsAre("web"));
  EXPECT_THAT(refused("web", {"gold", {}, true}), HasSubstr("make monitor group 'web'"));
  remove_container_group(resctrl_, group);
  EXPECT_THAT(resctrl_.find("gold")->monitor_names(), IsEmpty());
  EXPECT_THAT(groups(), ElementsAre("gold"));
}

TEST_F(ContainerGroupTest, AClosidAloneMustBeThere) {
  EXPECT_EQ(refused("web", {"gold", {}}),
            "there is no resctrl group 'gold', and no schemata to make it with");
  tree_.add_stranger("gold", "L3:0=f;1=f\n");
  EXPECT_EQ(make("web", {"gold", {}}).name, "gold");
}

TEST_F(ContainerGroupTest, ASlashIsTheDefaultGroup) {
  const std::string before = tree_.schemata();
  const ContainerGroup group = make("web", {"/", {}});
  EXPECT_EQ(group.name, "");
  EXPECT_FALSE(group.made);
  EXPECT_THAT(refused("web", {"/", low_}), HasSubstr("resctrl group '/' is there with "));
  undo_container_group(resctrl_, group);
  EXPECT_EQ(tree_.schemata(), before);
}

TEST_F(ContainerGroupTest, WhereTheKernelRefusesNothingIsLeft) {
  EXPECT_THAT(refused("web", {"", parse_schemata("L3:0=505\n")}), HasSubstr("write 'L3:0=505'"));
  EXPECT_THAT(refused("web", {"gold", parse_schemata("L3:0=ffff\n")}), HasSubstr("L3:0=ffff"));
  EXPECT_THAT(groups(), IsEmpty());
  int made = 0;
  tree_.interfere([&](const std::string& call, const std::string&) {
    return call == "make" && made++ == 0 ? EBUSY : 0;
  });
  EXPECT_EQ(make("web", {"", low_}).name, "web") << "identifiers in limbo are waited for";
  tree_.interfere(
      [](const std::string& call, const std::string&) { return call == "make" ? ENOSPC : 0; });
  EXPECT_THAT(refused("other", {"", low_}), HasSubstr("1 groups exist, the hardware has"));
}

TEST_F(ContainerGroupTest, TheNamesOfJobsAndOfResctrlAreNotAContainers) {
  EXPECT_THAT(refused("berth_1", {}), HasSubstr("begin with 'berth_' are those of jobs"));
  EXPECT_THAT(refused("web", {"berth_x", low_}), HasSubstr("those of jobs"));
  for (const char* name : {"info", "mon_groups", "mon_data"}) {
    EXPECT_THAT(refused(name, {}), HasSubstr("name resctrl group")) << name;
  }
  EXPECT_THAT(groups(), IsEmpty());
}

}  // namespace
}  // namespace berth::rdt
