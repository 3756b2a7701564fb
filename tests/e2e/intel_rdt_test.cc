// linux.intelRdt: the resctrl group of a container, on a kernel's own resctrl.
#include <gmock/gmock.h>

#include "rdt/monitoring.h"
#include "rdt/resctrl.h"
#include "tests/e2e/runtime_fixture.h"

namespace berth::test {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class IntelRdt : public RuntimeFixture {
 protected:
  void SetUp() override {
    RuntimeFixture::SetUp();
    resctrl_ = rdt::Resctrl::open();
    if (!resctrl_) GTEST_SKIP() << "/sys/fs/resctrl: " << errno_text(ENOENT);
    before_ = rdt::format_schemata(resctrl_->default_group().schemata());
    script("exec sleep 300");
  }
  void TearDown() override {
    RuntimeFixture::TearDown();
    if (!resctrl_) return;
    (void)resctrl_->remove("gold");
    EXPECT_THAT(resctrl_->group_names(), IsEmpty());
    EXPECT_EQ(rdt::format_schemata(resctrl_->default_group().schemata()), before_);
  }
  void wish(const char* rdt) {
    configure([&](json& config) { config["linux"]["intelRdt"] = json::parse(rdt); });
  }
  pid_t run_detached(const std::string& container) {
    const Ran ran = berth({"run", "--detach", "-b", bundle(), container});
    EXPECT_EQ(ran.status, 0) << ran;
    return ran.status == 0 ? json::parse(berth({"state", container}).out)["pid"].get<pid_t>() : -1;
  }
  std::string lines_of(const std::string& group) const {
    return rdt::format_schemata(resctrl_->find(group).value().schemata());
  }
  std::string group_of(pid_t pid) const { return rdt::control_group_of(pid).value_or("none"); }
  std::string line_of_proc(const std::string& container) {
    return berth({"exec", container, "cat", "/proc/self/cpu_resctrl_groups"}).out;
  }

  std::optional<rdt::Resctrl> resctrl_;
  std::string before_;
};

TEST_F(IntelRdt, AGroupOfItsOwnGoesWithTheContainer) {
  const std::string c = id();
  wish(R"({"l3CacheSchema": "L3:0=f;1=f0", "memBwSchema": "MB:0=35"})");
  const int pid = run_detached(c);
  EXPECT_EQ(group_of(pid), c);
  EXPECT_THAT(lines_of(c), HasSubstr("L3:0=f;1=f0"));
  EXPECT_THAT(lines_of(c), HasSubstr("MB:0=40;1=100")) << "rounded up by the kernel";
  EXPECT_EQ(line_of_proc(c), "res:" + c + "\nmon:\n") << "and so is what exec starts";
  const json events = json::parse(berth({"events", "--stats", c}).out)["data"]["intel_rdt"];
  EXPECT_EQ(events["l3_cache_schema"], "L3:0=f;1=f0") << events;

  EXPECT_EQ(
      berth({"update", "--l3-cache-schema", "L3:0=3", "--mem-bw-schema", "MB:1=20", c}).status, 0);
  EXPECT_THAT(lines_of(c), HasSubstr("L3:0=3;1=f0"));
  EXPECT_THAT(lines_of(c), HasSubstr("MB:0=40;1=20"));
  const Ran wrong = berth({"update", "--l3-cache-schema", "L3:0=505", c});
  EXPECT_EQ(wrong.status, 1);
  EXPECT_THAT(wrong.err, HasSubstr("L3:0=505"));
  EXPECT_EQ(berth({"delete", "--force", c}).status, 0);
  EXPECT_THAT(resctrl_->group_names(), IsEmpty());
}

TEST_F(IntelRdt, ACreatedOneIsInItBeforeItStarts) {
  const std::string c = id();
  wish(R"({"schemata": ["L3:0=3;1=3"]})");
  ASSERT_EQ(berth({"create", "-b", bundle(), c}).status, 0);
  EXPECT_EQ(group_of(json::parse(berth({"state", c}).out)["pid"].get<pid_t>()), c);
  EXPECT_EQ(berth({"delete", c}).status, 0);
}

TEST_F(IntelRdt, AClosidIsSharedAndStays) {
  const std::string a = id("a"), b = id("b");
  wish(R"({"closID": "gold", "schemata": ["L3:0=ff;1=ff", "MB:0=50;1=50"]})");
  const int first = run_detached(a), second = run_detached(b);
  EXPECT_EQ(group_of(first), "gold");
  EXPECT_EQ(group_of(second), "gold");
  const std::string held = lines_of("gold");
  wish(R"({"closID": "gold", "l3CacheSchema": "L3:0=f"})");
  const std::string c = id("c");
  const Ran other = berth({"run", "-b", bundle(), c});
  EXPECT_EQ(other.status, 1) << other;
  EXPECT_EQ(lines_of("gold"), held);
  EXPECT_THAT(other.err, HasSubstr("config.json: linux.intelRdt: resctrl group 'gold' is there"));
  EXPECT_THAT(remains(c), IsEmpty());
  EXPECT_EQ(berth({"update", "--l3-cache-schema", "L3:0=1", a}).status, 0) << "a made it";
  const Ran not_its_own = berth({"update", "--l3-cache-schema", "L3:0=3", b});
  EXPECT_EQ(not_its_own.status, 1);
  EXPECT_THAT(not_its_own.err, HasSubstr("'gold' was not made for this container"));
  for (const std::string& one : {a, b}) EXPECT_EQ(berth({"delete", "--force", one}).status, 0);
  EXPECT_THAT(resctrl_->group_names(), UnorderedElementsAre("gold"));
}

TEST_F(IntelRdt, WithoutSchemataNothingIsWritten) {
  const std::string c = id();
  wish(R"({"closID": "gold"})");
  const Ran none = berth({"run", "-b", bundle(), c});
  EXPECT_EQ(none.status, 1);
  EXPECT_THAT(none.err, HasSubstr("there is no resctrl group 'gold'"));
  EXPECT_THAT(remains(c), IsEmpty());
  (void)resctrl_->create("gold");
  const std::string held = lines_of("gold");
  EXPECT_EQ(group_of(run_detached(c)), "gold");
  EXPECT_EQ(lines_of("gold"), held);
  wish(R"({"closID": "/"})");
  EXPECT_EQ(group_of(run_detached(id("d"))), "");
}

TEST_F(IntelRdt, AMonitorGroupCountsTheContainerAndItsExecs) {
  const std::string c = id();
  wish(R"({"closID": "gold", "schemata": ["L3:0=f"], "enableMonitoring": true})");
  (void)run_detached(c);
  EXPECT_EQ(line_of_proc(c), "res:gold\nmon:" + c + "\n");
  const json events = json::parse(berth({"events", "--stats", c}).out)["data"]["intel_rdt"];
  EXPECT_TRUE(events.contains("cmt_stats")) << events;
  EXPECT_EQ(berth({"delete", "--force", c}).status, 0);
  EXPECT_FALSE(resctrl_->find("gold").value().find_monitor(c));
}

TEST_F(IntelRdt, WhereItFailsNothingIsLeft) {
  const std::string c = id();
  for (const char* wrong : {R"({"l3CacheSchema": "L3:0=505"})", R"({"schemata": ["XX:0=1"]})",
                            R"({"closID": "gold", "schemata": ["L3:9=f"]})",
                            R"({"closID": "silver", "schemata": ["nonsense"]})"}) {
    wish(wrong);
    const Ran ran = berth({"run", "-b", bundle(), c});
    EXPECT_EQ(ran.status, 1) << ran;
    EXPECT_THAT(ran.err, HasSubstr("config.json: linux.intelRdt: ")) << wrong;
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran;
    EXPECT_THAT(remains(c), IsEmpty());
    EXPECT_THAT(resctrl_->group_names(), IsEmpty()) << wrong;
  }
  wish(R"({"closID": "gold", "schemata": ["L3:0=f"], "enableMonitoring": true})");
  configure([](json& config) { config["process"]["args"] = {"/no/such/program"}; });
  EXPECT_NE(berth({"run", "-b", bundle(), c}).status, 0);
  EXPECT_THAT(remains(c), IsEmpty());
  EXPECT_THAT(resctrl_->group_names(), IsEmpty()) << "not even one that would stay";
}

}  // namespace
}  // namespace berth::test
