#include "launcher/doctor/findings.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "tests/launcher/node_of_claims.h"
#include "tests/support/temporary_folder.h"

namespace berth::launcher {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;
using testing::Not;
using Lines = std::vector<testing::Matcher<std::string>>;

constexpr const char* kFlags = "fpu cat_l3 cdp_l3 mba cqm_occup_llc cqm_mbm_total cqm_mbm_local";

std::string cpuinfo(const std::string& flags, unsigned model = 106) {
  const std::string one =
      "vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: " + std::to_string(model) +
      "\nmodel name\t: Intel(R) Xeon(R) Test\nflags\t\t: " + flags + "\n";
  return "processor\t: 0\n" + one + "\nprocessor\t: 1\n" + one + "\n";
}

// A node on which all is well, by files that look like the kernel's.
class Doctor : public testing::Test {
 protected:
  Doctor() {
    std::filesystem::create_directories(place_.path() + "/proc/self");
    proc("cpuinfo", cpuinfo(kFlags));
    proc("filesystems", "nodev\tsysfs\nnodev\tresctrl\n\text4\n");
    proc("cmdline", "BOOT_IMAGE=/vmlinuz root=/dev/sda1\n");
    proc("self/mountinfo",
         "36 25 0:32 / /sys/fs/resctrl rw,relatime shared:18 - resctrl resctrl rw,cdp\n");
    write("fstab", "# comment\nresctrl /sys/fs/resctrl resctrl defaults 0 0\n");
    for (const char* domain : {"mon_data/mon_L3_00", "mon_data/mon_L3_01"}) {
      node_.count(domain, 1, 1, 1);
    }
  }
  void write(const std::string& name, const std::string& text) const { place_.write(name, text); }
  void proc(const std::string& name, const std::string& text) const { write("proc/" + name, text); }
  DoctorFacts facts(bool mounted = true) const {
    DoctorPlaces places;
    places.proc = place_.path() + "/proc";
    places.fstab = place_.path() + "/fstab";
    places.state_dir = node_.tree().path() + "/state";
    places.policy = place_.path() + "/policy.json";
    DoctorFacts facts = gather(node_.machine(), mounted ? &node_.resctrl() : nullptr, places);
    facts.root = true;
    if (facts.state_dir) facts.state_dir->owner = 0;
    return facts;
  }
  // Those that are not ok, as `level subject: text -> next`.
  static std::vector<std::string> told(const DoctorFacts& facts) {
    std::vector<std::string> lines;
    for (const Finding& finding : examine(facts)) {
      if (finding.level == Level::ok) continue;
      EXPECT_NE(finding.next, "") << finding.text;
      lines.push_back((finding.level == Level::note ? "note " : "problem ") + finding.subject +
                      ": " + finding.text + " -> " + finding.next);
    }
    return lines;
  }
  static std::string ok(const DoctorFacts& facts) {
    std::string text;
    for (const Finding& finding : examine(facts)) {
      EXPECT_EQ(finding.text.find('\n'), std::string::npos);
      if (finding.level != Level::ok) continue;
      EXPECT_EQ(finding.next, "") << finding.text;
      text += finding.subject + ": " + finding.text + "\n";
    }
    return text;
  }

  const test::TemporaryFolder place_;
  test::NodeOfClaims node_;
};

TEST_F(Doctor, AHealthyNode) {
  node_.add_claim("job_1", "0-3", "4w");
  const DoctorFacts now = facts();
  EXPECT_THAT(told(now), IsEmpty());
  EXPECT_FALSE(any_problem(examine(now)));
  const std::string text = ok(now);
  EXPECT_THAT(text, HasSubstr("cpu: divides caches or bandwidth: cat_l3, cdp_l3, mba\n"));
  EXPECT_THAT(text, HasSubstr("mount: at /sys/fs/resctrl with rw,cdp\n"));
  EXPECT_THAT(text, HasSubstr("L3: 11 ways, at least 1 for each, 16 CLOSIDs, caches 0,1\n"));
  EXPECT_THAT(text, HasSubstr("L3: I/O may fill ways 0x600 (2) too"));
  EXPECT_THAT(text, HasSubstr("7 groups may be beside the default one, the least of L3 16, MB 8, "
                              "less one: 1 are berth's, 0 others', 6 left\n"));
  EXPECT_THAT(text, HasSubstr("RMIDs: 3 of 64 in use, 61 left\n"));
  EXPECT_THAT(text, HasSubstr("topology: hwloc and resctrl agree on L3 caches 0,1\n"));
  EXPECT_THAT(text, HasSubstr("topology: hwloc and resctrl agree on MB caches 0,1\n"));
  EXPECT_THAT(text, Not(HasSubstr("agree on L2")));
  EXPECT_THAT(text, Not(HasSubstr("sub-NUMA")));
}

TEST_F(Doctor, Cpus) {
  DoctorFacts now = facts(/*mounted=*/false);
  now.mounts.clear();
  now.kernel_has_resctrl = false;
  now.cpu = parse_cpuinfo(cpuinfo("fpu hypervisor"));
  EXPECT_THAT(told(now), Contains(AllOf(HasSubstr("problem cpu: "), HasSubstr("virtual machine"))));
  EXPECT_THAT(told(now), Contains(HasSubstr("note kernel: no resctrl")));
  EXPECT_THAT(told(now), Not(Contains(HasSubstr("mount -t"))));
  now.cpu = parse_cpuinfo(cpuinfo("fpu"));
  EXPECT_THAT(told(now), Contains(AllOf(HasSubstr("Intel(R) Xeon(R) Test"), HasSubstr("BIOS"))));
  now.cpu = parse_cpuinfo(cpuinfo("fpu cat_l3"));
  EXPECT_THAT(told(now), Contains(HasSubstr("note cpu: none of the flags cqm_*")));
  now.cpu.reset();
  EXPECT_THAT(told(now), Not(Contains(HasSubstr(" cpu: "))));
}

TEST_F(Doctor, ACpuWithoutFlagsWhoseWaysTheKernelFound) {
  proc("cpuinfo", cpuinfo("fpu"));
  EXPECT_THAT(told(facts()), IsEmpty());
}

TEST_F(Doctor, KernelWithoutResctrl) {
  proc("filesystems", "nodev\tsysfs\n");
  proc("cmdline", "quiet rdt=!l3cat,cmt,!mba\n");
  proc("self/mountinfo", "");
  EXPECT_THAT(told(facts(false)),
              ElementsAre(AllOf(HasSubstr("note kernel: "), HasSubstr("switches off: l3cat, mba")),
                          AllOf(HasSubstr("problem kernel: no resctrl"),
                                HasSubstr("grep CONFIG_X86_CPU_RESCTRL"))));
}

TEST_F(Doctor, NotMounted) {
  proc("self/mountinfo", "25 1 0:23 / /sys rw - sysfs sysfs rw\n");
  write("fstab", "#resctrl /sys/fs/resctrl resctrl defaults 0 0\n");
  EXPECT_THAT(
      told(facts(false)),
      ElementsAre("problem mount: resctrl is not mounted -> mount -t resctrl resctrl "
                  "/sys/fs/resctrl",
                  "note mount: not in /etc/fstab: the next boot does not mount it -> echo 'resctrl "
                  "/sys/fs/resctrl resctrl defaults 0 0' >> /etc/fstab"));
}

TEST_F(Doctor, MountedElsewhere) {
  proc("self/mountinfo", "36 25 0:32 / /mnt/rdt rw - resctrl resctrl rw\n");
  EXPECT_THAT(told(facts(false)), ElementsAre(AllOf(HasSubstr("mounted at /mnt/rdt"),
                                                    HasSubstr("umount /mnt/rdt && mount -t"))));
}

TEST_F(Doctor, WhatTheKernelKeepsSwitchedOff) {
  DoctorFacts now = facts();
  now.node.capability->caches.l3.reset();
  now.node.capability->throttles.mb.reset();
  now.node.capability->monitor->events = {"llc_occupancy"};
  now.node.kernel = {};
  EXPECT_THAT(told(now), IsSupersetOf(Lines{AllOf(HasSubstr("problem L3: the CPU has it (cat_l3)"),
                                                  HasSubstr("rdt=l3cat"), Not(HasSubstr("errata"))),
                                            HasSubstr("note MB: the CPU has it (mba)"),
                                            HasSubstr("note mbm_total_bytes: ")}));
  now.cpu = parse_cpuinfo(cpuinfo(kFlags, 85));
  EXPECT_THAT(told(now), Contains(AllOf(HasSubstr("problem L3: "), HasSubstr("errata"))));
}

TEST_F(Doctor, ClosidsAndRmids) {
  DoctorFacts now = facts();
  now.node.capability->max_groups = 1;
  now.node.kernel.foreign.push_back({"COS1", {{{}, {}}, {}}});
  now.rmids_used = 63;
  EXPECT_THAT(ok(now), HasSubstr("RMIDs: 63 of 64 in use, 1 left: a claim with a group of its own "
                                 "has no monitor group\n"));
  now.rmids_used = 64;
  EXPECT_THAT(told(now),
              IsSupersetOf(Lines{AllOf(HasSubstr("note CLOSIDs: "), HasSubstr("0 left: a claim")),
                                 AllOf(HasSubstr("note RMIDs: 64 of 64"))}));
  now.node.capability->max_groups = 0;
  now.node.capability->monitor.reset();
  EXPECT_THAT(told(now), IsSupersetOf(Lines{HasSubstr("problem CLOSIDs: no group"),
                                            HasSubstr("note RMIDs: this mount counts neither")}));
}

TEST_F(Doctor, SubNuma) {
  std::filesystem::create_directories(node_.tree().path() +
                                      "/resctrl/mon_data/mon_L3_00/mon_sub_L3_00");
  EXPECT_THAT(ok(facts()), HasSubstr("sub-NUMA: "));
}

TEST_F(Doctor, GroupsOfOthers) {
  node_.tree().add_stranger("COS1", "L3:0=600;1=600\n");
  node_.tree().add_stranger("my class", "L3:0=400;1=400\n");
  node_.tree().write("my class/mode", "exclusive\n");
  node_.tree().write("COS1/mode", "shareable\n");
  node_.tree().add_stranger("berth_7", "L3:0=400;1=400\n");
  EXPECT_THAT(told(facts()),
              ElementsAre("note group COS1: pqos's (intel-cmt-cat); its ways are handed out to "
                          "nobody -> if nobody needs it: rmdir /sys/fs/resctrl/COS1",
                          "problem group berth_7: bears berth's prefix and is in no ledger -> "
                          "berth reap",
                          AllOf(HasSubstr("note group my class: "), HasSubstr("(mode exclusive)"),
                                HasSubstr("rmdir '/sys/fs/resctrl/my class'"))));
}

TEST_F(Doctor, GroupsOfOthersThatLeaveNothing) {
  node_.tree().add_stranger("COS1", "L3:0=7ff;1=600\n");
  node_.tree().add_stranger("COS2", "L3:0=600;1=1\n");
  EXPECT_THAT(told(facts()),
              Contains("problem L3: groups of other programs have all the ways of L3 0: nothing is "
                       "left to hand out -> have them made smaller, or: rmdir "
                       "/sys/fs/resctrl/COS1 /sys/fs/resctrl/COS2"));
  ASSERT_TRUE(node_.resctrl().remove("COS1"));
  EXPECT_THAT(told(facts()), ElementsAre(HasSubstr("note group COS2")));
}

TEST_F(Doctor, AGroupThatCameOnTopOfAClaim) {
  node_.add_claim("job_1", "0-3", "4w");
  node_.tree().add_stranger("COS1", "L3:0=7ff;1=7ff\n");
  EXPECT_THAT(told(facts()),
              Contains("problem group COS1: has ways 0xf of L3 0, which are to be job 1's alone -> "
                       "echo 'L3:0=7f0' > /sys/fs/resctrl/COS1/schemata"));
  ASSERT_TRUE(node_.resctrl().remove("COS1"));
  node_.tree().add_stranger("COS2", "L3:0=3;1=7ff\n");
  EXPECT_THAT(told(facts()), Contains(AllOf(HasSubstr("has ways 0x3 of L3 0"),
                                            HasSubstr("-> rmdir /sys/fs/resctrl/COS2"))));
}

TEST_F(Doctor, ASharersWaysAreNobodysAlone) {
  node_.add_claim("job_1", "0-3", "4w", /*shared=*/true);
  node_.tree().add_stranger("COS1", "L3:0=7ff;1=7ff\n");
  EXPECT_THAT(told(facts()), Contains(HasSubstr("note group COS1")));
  EXPECT_THAT(told(facts()), Not(Contains(HasSubstr("alone"))));
}

TEST_F(Doctor, TheDefaultGroupIsNotAsTheLedgerSays) {
  node_.add_claim("job_1", "0-3", "4w");
  node_.resctrl().default_group().write({{{"L3", {{0, 0x700}}}}});
  EXPECT_THAT(told(facts()), ElementsAre("problem default group: has ways 0x700 of L3 0, the "
                                         "ledger says 0x7f0 -> berth reap"));
  node_.resctrl().default_group().write({{{"L3", {{0, 0x7ff}}}}});
  EXPECT_THAT(told(facts()), ElementsAre("problem default group: has ways 0xf of L3 0, which are "
                                         "to be claims' alone -> berth reap"));
}

TEST_F(Doctor, TheDefaultGroupIsWithoutWhatTheKernelKeepsForAStranger) {
  node_.add_claim("job_1", "0-3", "4w");
  node_.tree().add_stranger("COS1", "L3:0=10;1=1\n");
  node_.resctrl().default_group().write({{{"L3", {{0, 0x7e0}, {1, 0x7fe}}}}});
  node_.tree().write("COS1/mode", "exclusive\n");
  EXPECT_THAT(told(facts()), ElementsAre(HasSubstr("note group COS1")));
  node_.tree().write("COS1/mode", "shareable\n");
  EXPECT_THAT(told(facts()),
              Contains(HasSubstr("default group: has ways 0x7e0 of L3 0, the ledger says 0x7f0")));
}

TEST_F(Doctor, ADefaultGroupThatAnAdminMadeSmaller) {
  node_.resctrl().default_group().write({{{"L3", {{1, 0x7f0}}}}});
  EXPECT_THAT(told(facts()),
              ElementsAre(AllOf(HasSubstr("note default group: has ways 0x7f0 of L3 1, not all"),
                                HasSubstr("echo 'L3:1=7ff' > /sys/fs/resctrl/schemata"))));
}

TEST_F(Doctor, GroupsThatSomebodyChanged) {
  node_.add_claim("job_1", "0-3", "4w");
  node_.resctrl().find("berth_1")->write({{{"L3", {{0, 0x3}}}}});
  EXPECT_THAT(told(facts()),
              ElementsAre(HasSubstr("problem group berth_1: of job 1: was changed")));
  std::filesystem::remove_all(node_.tree().path() + "/resctrl/berth_1");
  EXPECT_THAT(told(facts()),
              ElementsAre(HasSubstr("problem group berth_1: of job 1: was removed")));
}

TEST_F(Doctor, ClaimsOfTheDead) {
  node_.add_claim("job_1", "0-3", "4w");
  node_.claims().forget("job_1");
  EXPECT_THAT(told(facts()),
              ElementsAre("problem claim job_1: has a part of group 'berth_1' and no holder -> "
                          "berth reap"));
  node_.claims().add_use("job_1", {"launch", {1, 1}, "0-3"});
  EXPECT_THAT(told(facts()),
              ElementsAre("problem claim job_1: none of its holders lives -> berth reap"));
}

TEST_F(Doctor, AJournalLeftBehind) {
  write_all(open_file(node_.tree().state_dir(), "rdt.journal", O_WRONLY | O_CREAT, 0644).get(), "x",
            "rdt.journal");
  EXPECT_THAT(told(facts()), ElementsAre(AllOf(HasSubstr("problem journal: "), HasSubstr("reap"))));
  DoctorFacts now = facts();
  now.lock_held = true;
  EXPECT_THAT(told(now), ElementsAre(HasSubstr("note lock: "))) << "its writer may live";
}

TEST_F(Doctor, ALockThatIsHeld) {
  const auto lock = node_.resctrl().lock();
  EXPECT_THAT(told(facts()), ElementsAre(HasSubstr("note lock: ")));
}

TEST_F(Doctor, ADamagedLedger) {
  node_.add_claim("job_1", "0-3", "4w");
  write_all(open_file(node_.tree().state_dir(), "rdt.json", O_WRONLY | O_TRUNC).get(), "{", "it");
  EXPECT_THAT(told(facts()), Contains(AllOf(HasSubstr("problem ledger: "), HasSubstr("damaged"))));
  EXPECT_THAT(ok(facts()), HasSubstr("11 ways")) << "the rest is looked at all the same";
}

TEST_F(Doctor, TheStateDirectory) {
  DoctorFacts now = facts();
  now.state_dir = StateDirFacts{1000, S_IFDIR | 0755};
  EXPECT_THAT(told(now), ElementsAre(HasSubstr("chown root:root /run/berth")));
  now.state_dir = StateDirFacts{0, S_IFDIR | 0775};
  EXPECT_THAT(told(now), ElementsAre(HasSubstr("chmod go-w /run/berth")));
  now.state_dir = StateDirFacts{0, S_IFREG | 0644};
  EXPECT_THAT(told(now), ElementsAre(HasSubstr("is no directory")));
  now.state_dir.reset();
  EXPECT_THAT(told(now), IsEmpty());
}

TEST_F(Doctor, ThePolicy) {
  DoctorFacts now = facts();
  now.policy->rdt.layout.floor_ways = 11;
  EXPECT_THAT(told(now),
              Contains(HasSubstr("the default group keeps 11 ways of L3 0, which has 11, "
                                 "2 of them for I/O")));
  now.policy->rdt.layout.floor_ways = 10;
  EXPECT_THAT(told(now), IsEmpty());
  now.policy_error = "policy.json: limit: unknown key";
  EXPECT_THAT(told(now), ElementsAre(AllOf(HasSubstr("policy.json: limit: unknown key"),
                                           HasSubstr("berth policy check"))));
}

TEST_F(Doctor, AClassThatThisNodeCannotGive) {
  DoctorFacts now = facts();
  RdtPartition partition;
  partition.name = "p";
  partition.caches.l3 = CacheAllocation{rdt::CacheWish{rdt::parse_amount("40w"), {}, {}}, {}};
  partition.classes.push_back({"gold", {}, {}});
  now.policy->rdt.partitions.push_back(partition);
  EXPECT_THAT(told(now), ElementsAre(HasSubstr("problem class gold: ")));
}

TEST_F(Doctor, WhatCouldNotBeLookedAt) {
  std::filesystem::remove(place_.path() + "/proc/cpuinfo");
  DoctorFacts now = facts();
  EXPECT_THAT(told(now), ElementsAre(AllOf(HasSubstr("note unread: not looked at: cpuinfo: "),
                                           HasSubstr("no such file"))));
  now.root = false;
  EXPECT_THAT(told(now), ElementsAre(AllOf(HasSubstr("note unread: not root: not looked at: "),
                                           HasSubstr("sudo berth doctor"))));
}

TEST(DoctorText, ALineForEachAndOneForWhatToDo) {
  const std::vector<Finding> findings{{Level::ok, "cpu", "fine", {}},
                                      {Level::problem, "group a\nb", "bad", "berth reap"}};
  EXPECT_EQ(to_text(findings),
            "ok       cpu: fine\n"
            "problem  group a\\x0ab: bad\n"
            "         -> berth reap\n");
  const auto json = nlohmann::json::parse(to_json(findings));
  EXPECT_EQ(json.at("problem"), true);
  EXPECT_EQ(json.at("findings").at(1).at("next"), "berth reap");
  EXPECT_EQ(json.at("findings").at(0).at("level"), "ok");
}

TEST(DoctorFiles, CpuinfoOfTheFirstProcessor) {
  const CpuFacts cpu = parse_cpuinfo(cpuinfo("a b") + cpuinfo("c"));
  EXPECT_EQ(cpu.vendor, "GenuineIntel");
  EXPECT_EQ(cpu.family, 6U);
  EXPECT_EQ(cpu.model, 106U);
  EXPECT_THAT(cpu.flags, ElementsAre("a", "b"));
  EXPECT_THAT(parse_cpuinfo("").flags, IsEmpty());
  EXPECT_THAT(parse_cpuinfo("processor : 0\nFeatures : fp mpam\n").flags,
              ElementsAre("fp", "mpam"));
}

TEST(DoctorFiles, MountsOfResctrl) {
  const auto mounts = parse_mounts(
      "25 1 0:23 / /sys rw,nosuid - sysfs sysfs rw\n"
      "36 25 0:32 / /sys/fs/resctrl rw shared:1 master:2 - resctrl resctrl rw,cdp,mba_MBps\n"
      "nonsense\n");
  ASSERT_EQ(mounts.size(), 1U);
  EXPECT_EQ(mounts[0].point, "/sys/fs/resctrl");
  EXPECT_EQ(mounts[0].options, "rw,cdp,mba_MBps");
}

}  // namespace
}  // namespace berth::launcher
